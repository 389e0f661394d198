/** Which call the desk shows: the one that was chosen, else the one that came last. */
import { computed, signal } from "@preact/signals";
import type { Call } from "../api/types";
import { model } from "../model/store";

const chosen = signal<string | null>(null);

export function select(call: string): void {
  chosen.value = call;
}

/** A call of mine, or one that is over and still open on the desk (wrap-up). null: there is none. */
export const selectedCall = computed<Call | null>(() => {
  const mine = model.myCalls.value;
  return mine.find((call) => call.id === chosen.value) ?? mine.at(-1) ?? afterwards.value;
});

/** In wrap-up the call that was just over stays to be seen. */
const afterwards = computed<Call | null>(() =>
  model.me.value?.state === "wrap_up" ? ([...model.past.value.values()].at(-1) ?? null) : null,
);
