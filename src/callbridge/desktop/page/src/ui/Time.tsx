import { type ReadonlySignal, useComputed } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { asClock, now, secondsSince, secondsUntil } from "../model/clock";
import { t } from "../texts/t";

/** By which clock times are counted; one that stands still where what is shown beside them is old. */
export const ShownClock = createContext<ReadonlySignal<number>>(now);

/** Time since a moment of the gateway, counting: 02:13. Only its text changes, nothing is rendered anew. */
export function Elapsed({ since, label }: { since: string | null; label?: string }) {
  const clock = useContext(ShownClock);
  const text = useComputed(() => asClock(secondsSince(since, clock.value)));
  return (
    <time class="numbers" role="timer" aria-live="off" aria-label={label}>
      {text}
    </time>
  );
}

/** Whole seconds until a moment of the gateway. */
export function Countdown({ until }: { until: string | null }) {
  const clock = useContext(ShownClock);
  const text = useComputed(() => String(secondsUntil(until, clock.value)));
  const spoken = useComputed(() => t("common.seconds", { count: secondsUntil(until, clock.value) }));
  return (
    <span class="numbers" role="timer" aria-live="off" aria-label={spoken}>
      {text}
    </span>
  );
}
