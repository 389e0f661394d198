/** The time by which waits are counted: the gateway's, and where the connection is lost, that of the last news. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { now, serverNow } from "../../model/clock";

const stopped = signal<number | null>(null);

export const shownNow = computed(() => stopped.value ?? now.value);

/** While `lostAt` says when the last news came (ms of this computer's clock), nothing counts on. */
export function useFrozen(lostAt: ReadonlySignal<number | null>): void {
  useEffect(() => {
    const stop = effect(() => {
      stopped.value = lostAt.value === null ? null : lostAt.value + (serverNow() - Date.now());
    });
    return () => {
      stop();
      stopped.value = null;
    };
  }, [lostAt]);
}
