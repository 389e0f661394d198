import { useComputed } from "@preact/signals";
import { asClock, now, secondsSince, secondsUntil } from "../model/clock";
import { t } from "../texts/t";

/** Time since a moment of the gateway, counting: 02:13. Only its text changes, nothing is rendered anew. */
export function Elapsed({ since, label }: { since: string | null; label?: string }) {
  const text = useComputed(() => asClock(secondsSince(since, now.value)));
  return (
    <time class="numbers" role="timer" aria-live="off" aria-label={label}>
      {text}
    </time>
  );
}

/** Whole seconds until a moment of the gateway. */
export function Countdown({ until }: { until: string | null }) {
  const text = useComputed(() => String(secondsUntil(until, now.value)));
  const spoken = useComputed(() => t("common.seconds", { count: secondsUntil(until, now.value) }));
  return (
    <span class="numbers" role="timer" aria-live="off" aria-label={spoken}>
      {text}
    </span>
  );
}
