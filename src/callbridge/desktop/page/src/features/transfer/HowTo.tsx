import { MessagesSquare, Send } from "lucide-preact";
import { useId } from "preact/hooks";
import { t } from "../../texts/t";
import { Icon, type IconPicture } from "../../ui/Icon";
import { cx } from "../../ui/cx";
import type { Mode, Way } from "./sentences";
import css from "./transfer.module.css";

interface HowToProps {
  way: Way;
  /** To a number outside: only supervised. */
  external: boolean;
  supervisedAllowed: boolean;
  onWay: (way: Way) => void;
  /** null: there is nothing to choose. */
  mode: Mode | null;
  onMode: (mode: Mode) => void;
}

/** Speak first or hand over at once; the latter to an agent now or as soon as they are free. */
export function HowTo({ way, external, supervisedAllowed, onWay, mode, onMode }: HowToProps) {
  return (
    <>
      <Choice legend={t("transfer.way")}>
        <Option
          name="way"
          icon={MessagesSquare}
          title={t("transfer.supervised")}
          term={t("transfer.supervisedTerm")}
          hint={supervisedAllowed ? t("transfer.supervisedHint") : t("transfer.notSupervised")}
          disabled={!supervisedAllowed}
          checked={way === "supervised"}
          onChoose={() => onWay("supervised")}
        />
        <Option
          name="way"
          icon={Send}
          title={t("transfer.unsupervised")}
          term={t("transfer.unsupervisedTerm")}
          hint={external ? t("transfer.onlySupervised") : t("transfer.unsupervisedHint")}
          disabled={external}
          checked={way === "unsupervised"}
          onChoose={() => onWay("unsupervised")}
        />
      </Choice>
      {mode !== null && (
        <Choice legend={t("transfer.mode")}>
          {(["soft", "hard"] as const).map((each) => (
            <Option
              key={each}
              name="mode"
              title={t(`transfer.${each}`)}
              term={t(`transfer.${each}Term`)}
              checked={mode === each}
              onChoose={() => onMode(each)}
            />
          ))}
        </Choice>
      )}
    </>
  );
}

function Choice({ legend, children }: { legend: string; children: preact.ComponentChildren }) {
  return (
    <fieldset class={css.choice}>
      <legend class={css.label}>{legend}</legend>
      <div class={css.options}>{children}</div>
    </fieldset>
  );
}

interface OptionProps {
  name: string;
  icon?: IconPicture;
  title: string;
  term: string;
  hint?: string;
  disabled?: boolean;
  checked: boolean;
  onChoose: () => void;
}

function Option({ name, icon, title, term, hint, disabled = false, checked, onChoose }: OptionProps) {
  const id = useId();
  return (
    <label class={cx(css.option, checked && css.optionChosen, disabled && css.optionOff)}>
      <input
        type="radio"
        name={`transfer.${name}`}
        class={css.radio}
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? id : undefined}
        onChange={onChoose}
      />
      <span class={css.optionText}>
        <span class={css.optionTitle}>
          {icon && <Icon of={icon} />}
          {title}
          <span class={css.term}>{term}</span>
        </span>
        {hint && (
          <span class={css.optionHint} id={id}>
            {hint}
          </span>
        )}
      </span>
    </label>
  );
}
