/** The call that wrap-up is about; after a reload it is asked for, since the stream has live calls only. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../../api/client";
import type { Call } from "../../api/types";
import { model } from "../../model/store";

const asked = signal<Call | null>(null);

/** null outside of wrap-up. */
export const afterCall = computed<Call | null>(() => {
  if (model.me.value?.state !== "wrap_up") return null;
  return [...model.past.value.values()].at(-1) ?? asked.value;
});

const missing = computed(
  () => model.known.value && model.me.value?.state === "wrap_up" && model.past.value.size === 0 && model.me.value.id,
);

export function keepAfterCall(): () => void {
  const stop = model.onEvent((event) => {
    if (event.type !== "call.updated" && event.type !== "call.ended") return;
    // A note that was added to it.
    if (event.data.call.id === asked.value?.id) asked.value = event.data.call;
  });
  const end = effect(() => {
    asked.value = null;
    if (!missing.value) return;
    const gone = new AbortController();
    api
      .get("/v1/calls", { query: { state: "all", limit: 10 }, signal: gone.signal })
      .then(({ items }) => {
        if (!gone.signal.aborted) asked.value = lastOf(items);
      })
      // Wrap-up goes on without it.
      .catch(() => undefined);
    return () => gone.abort();
  });
  return () => {
    stop();
    end();
  };
}

/** The one that ended last. */
export function lastOf(calls: readonly Call[]): Call | null {
  const ended = calls.filter((call) => call.ended_at !== null);
  return ended.sort((a, b) => (b.ended_at ?? "").localeCompare(a.ended_at ?? ""))[0] ?? null;
}
