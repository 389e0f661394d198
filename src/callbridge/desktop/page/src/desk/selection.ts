/** Which call the desk shows: the one that was chosen, else the one that came last. */
import { computed, signal } from "@preact/signals";
import type { Call } from "../api/types";
import { afterCall } from "../features/calls/afterwards";
import { model } from "../model/store";

const KEY = "callbridge.selected";

const chosen = signal<string | null>(restored());

export function select(call: string): void {
  chosen.value = call;
  try {
    // With this tab only: a reload shows the same call.
    sessionStorage.setItem(KEY, call);
  } catch {
    // Then a reload shows the call that came last.
  }
}

/** A call of mine, or one that is over and still open on the desk (wrap-up). null: there is none. */
export const selectedCall = computed<Call | null>(() => {
  const mine = model.myCalls.value;
  return mine.find((call) => call.id === chosen.value) ?? mine.at(-1) ?? afterCall.value;
});

function restored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
