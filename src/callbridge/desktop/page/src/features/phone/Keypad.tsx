import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../texts/t";
import { activeLeg, sendDtmf } from "./phone";
import css from "./phone.module.css";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;
const SHOWN = 16;

/** The telephone's keys, for menus of the other side. With the focus in it, the keyboard's keys press them. */
export function Keypad() {
  const pressed = useSignal("");
  const leg = activeLeg.value;
  useEffect(() => {
    pressed.value = "";
  }, [leg]);
  const press = (key: string) => {
    sendDtmf(key);
    pressed.value = (pressed.value + key).slice(-SHOWN);
  };
  return (
    <div
      class={css.keypad}
      role="group"
      aria-label={t("phone.keypadHint")}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || !(KEYS as readonly string[]).includes(event.key)) return;
        event.preventDefault();
        press(event.key);
      }}
    >
      <output class={css.pressed} aria-label={t("phone.pressed")}>
        {pressed.value}
      </output>
      {KEYS.map((key) => (
        <button key={key} type="button" class={css.key} onClick={() => press(key)} aria-label={NAMES[key]?.()}>
          {key}
        </button>
      ))}
    </div>
  );
}

const NAMES: Partial<Record<string, () => string>> = { "*": () => t("phone.star"), "#": () => t("phone.hash") };
