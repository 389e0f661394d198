/** The call that wrap-up is about; after a reload it is asked for, since the stream has live calls only. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../../api/client";
import type { Call, Me } from "../../api/types";
import { model } from "../../model/store";

/** Between an agent's leaving and the end of the call, in ms. */
const SLACK = 5000;

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
        if (!gone.signal.aborted) asked.value = lastOf(items, beganAt(model.me.peek()));
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

/** Wrap-up begins when a call is left, which may go on with somebody else. */
function beganAt(me: Me | null): number {
  const until = Date.parse(me?.wrap_up_until ?? "");
  return Number.isNaN(until) || me === null ? 0 : until - me.options.wrap_up * 1000;
}

/** The one that ended last, and not before (ms): an older one is not what wrap-up is about. */
export function lastOf(calls: readonly Call[], since = 0): Call | null {
  const ended = calls.filter((call) => call.ended_at !== null && Date.parse(call.ended_at) >= since - SLACK);
  return ended.sort((a, b) => (b.ended_at ?? "").localeCompare(a.ended_at ?? ""))[0] ?? null;
}
