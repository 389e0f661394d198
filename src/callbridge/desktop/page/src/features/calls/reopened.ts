/** A call that is not on the desk any more and is looked at again, to finish a note. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../../api/client";
import type { Call } from "../../api/types";
import { model } from "../../model/store";

/** Its id; null: none is. */
export const reopened = signal<string | null>(null);

const fetched = signal<Call | null>(null);

/** null also where the gateway does not show it: it goes on with somebody else. */
export const reopenedCall = computed<Call | null>(() => {
  const id = reopened.value;
  if (id === null) return null;
  return model.past.value.get(id) ?? (fetched.value?.id === id ? fetched.value : null);
});

const missing = computed(() => {
  const id = reopened.value;
  if (id === null || !model.known.value) return null;
  return model.calls.value.has(id) || model.past.value.has(id) ? null : id;
});

/** Asks for it where the stream does not have it, such as after a reload. */
export function keepReopened(): () => void {
  const stop = model.onEvent((event) => {
    if (event.type !== "call.updated" && event.type !== "call.ended") return;
    if (event.data.call.id === fetched.value?.id) fetched.value = event.data.call;
  });
  const end = effect(() => {
    const call = missing.value;
    if (call === null) return;
    const gone = new AbortController();
    api
      .get("/v1/calls/{call}", { path: { call }, signal: gone.signal })
      .then((found) => {
        if (!gone.signal.aborted) fetched.value = found;
      })
      // The note can be finished without it.
      .catch(() => undefined);
    return () => gone.abort();
  });
  return () => {
    stop();
    end();
  };
}
