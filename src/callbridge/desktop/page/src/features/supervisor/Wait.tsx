import { AlarmClock } from "lucide-preact";
import { asClock, secondsSince } from "../../model/clock";
import { t } from "../../texts/t";
import { cx } from "../../ui/cx";
import { Icon } from "../../ui/Icon";
import { useDerived } from "./derived";
import { shownNow } from "./frozen";
import { limit } from "./limit";
import css from "./supervisor.module.css";

/** How long somebody has waited, counting; from the limit on with a mark that does not need its colour. */
export function Wait({ since }: { since: string | null }) {
  const text = useDerived(() => asClock(secondsSince(since, shownNow.value)), [since]);
  const over = useDerived(() => isOver(since), [since]);
  if (since === null) return <span class={css.none}>–</span>;
  return (
    <span class={cx(css.wait, over.value && css.waitOver)}>
      {over.value && <Icon of={AlarmClock} size={14} />}
      <time class="numbers" role="timer" aria-live="off">
        {text}
      </time>
      {over.value && <span class="visually-hidden">, {t("supervisor.tooLong")}</span>}
    </span>
  );
}

export function isOver(since: string | null): boolean {
  return since !== null && secondsSince(since, shownNow.value) >= limit.value;
}
