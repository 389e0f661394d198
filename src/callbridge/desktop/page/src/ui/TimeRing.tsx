import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { now } from "../model/clock";
import { cx } from "./cx";
import css from "./ui.module.css";

interface TimeRingProps {
  /** Moments of the gateway. */
  from: string | null;
  until: string | null;
  size?: number;
  class?: string | undefined;
  /** In the middle. */
  children?: ComponentChildren;
}

/** The part of a span of time that is left. For the eye only: say it in words beside it. */
export function TimeRing({ from, until, size = 56, class: extra, children }: TimeRingProps) {
  const gone = useComputed(() => String(100 - 100 * leftOf(from, until, now.value)));
  return (
    <span class={cx(css.ring, extra)}>
      <svg width={size} height={size} viewBox="0 0 36 36" aria-hidden="true">
        <circle class={css.ringBack} cx="18" cy="18" r="16" />
        <circle
          class={css.ringFront}
          cx="18"
          cy="18"
          r="16"
          pathLength={100}
          stroke-dasharray="100"
          stroke-dashoffset={gone}
          transform="rotate(-90 18 18)"
        />
      </svg>
      <span class={css.ringText}>{children}</span>
    </span>
  );
}

/** 1 at the beginning, 0 at the end. */
export function leftOf(from: string | null, until: string | null, at: number): number {
  const begin = Date.parse(from ?? "");
  const end = Date.parse(until ?? "");
  if (Number.isNaN(begin) || Number.isNaN(end) || end <= begin) return 0;
  return Math.min(1, Math.max(0, (end - at) / (end - begin)));
}
