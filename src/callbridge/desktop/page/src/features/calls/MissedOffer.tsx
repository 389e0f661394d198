import { useSignal } from "@preact/signals";
import { BellOff } from "lucide-preact";
import { api } from "../../api/client";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { toastProblem } from "../../ui/Toasts";
import { missed, missedText } from "./missed";
import css from "./strips.module.css";

/** After a missed offer, one that the phone could not ring for, or several that it declined: stay Busy, or not. */
export function MissedOffer() {
  const wanted = useSignal<"available" | "busy" | null>(null);
  const me = model.me.value;
  const unreachable = me?.presence === "busy" && me.reason === "phone_unreachable";
  const declines = me?.presence === "busy" && me.reason === "phone_declines";
  if (me === null || !(me.missed_offer || unreachable || declines)) return null;
  const set = async (state: "available" | "busy") => {
    if (wanted.value !== null) return;
    wanted.value = state;
    try {
      await api.put("/v1/me/state", { body: { state, reason: null } });
    } catch (error) {
      toastProblem(error);
    } finally {
      wanted.value = null;
    }
  };
  return (
    <section class={css.strip} data-kind="missed" aria-label={t("missed.title")}>
      <span class={css.icon}>
        <Icon of={BellOff} size={20} />
      </span>
      <div class={css.text} role="status">
        <h2 class={css.title}>{t("missed.title")}</h2>
        <p>{declines ? t("missed.declines") : missedText(missed.value, unreachable, me.id)}</p>
      </div>
      <div class={css.buttons}>
        <Button gateway busy={wanted.value === "busy"} onClick={() => void set("busy")}>
          {t("missed.stay")}
        </Button>
        <Button kind="primary" gateway busy={wanted.value === "available"} onClick={() => void set("available")}>
          {t("missed.become")}
        </Button>
      </div>
    </section>
  );
}
