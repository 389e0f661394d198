import { computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

/** Computed from signals and from `from`, which are no signals: made anew where one of these has changed. */
export function useDerived<T>(compute: () => T, from: readonly unknown[]): ReadonlySignal<T> {
  return useMemo(() => computed(compute), from);
}
