/** Which call the desk shows: the one that was chosen, else the one that came last. */
import { computed, effect, signal } from "@preact/signals";
import { session } from "../api/session";
import type { Call } from "../api/types";
import { afterCall } from "../features/calls/afterwards";
import { type Draft, draftOf } from "../features/calls/drafts";
import { reopened, reopenedCall } from "../features/calls/reopened";
import { partOf } from "../features/calls/words";
import { model } from "../model/store";

const KEY = "callbridge.selected";

const chosen = signal<string | null>(restored());

export function select(call: string): void {
  reopened.value = null;
  choose(call);
}

/** A call that has left the desk, to finish a note. */
export function reopen(call: string): void {
  reopened.value = call;
  choose(call);
}

function choose(call: string): void {
  chosen.value = call;
  try {
    // With this tab only: a reload shows the same call.
    sessionStorage.setItem(KEY, call);
  } catch {
    // Then a reload shows the call that came last.
  }
}

/** Whether the chosen call is one that was reopened. */
const isReopened = computed(() => reopened.value !== null && reopened.value === chosen.value);

/** A call of mine, or one that is over and still open on the desk: for wrap-up, or to finish a note. null: none is. */
export const selectedCall = computed<Call | null>(() => {
  const mine = model.myCalls.value;
  const found = mine.find((call) => call.id === chosen.value);
  if (found !== undefined || !isReopened.value) return found ?? mine.at(-1) ?? afterCall.value;
  if (reopenedCall.value !== null) return reopenedCall.value;
  return afterCall.value?.id === chosen.value ? afterCall.value : null;
});

/** What is being finished without its call, which the gateway shows no more. */
export const selectedDraft = computed<Draft | null>(() =>
  isReopened.value && selectedCall.value === null ? (draftOf(reopened.value ?? "") ?? null) : null,
);

/** Whoever is still writing goes on: the call stays open when wrap-up ends, or the call itself without one. */
export function keepWriting(): () => void {
  const before = chosen.peek();
  if (before !== null && draftOf(before) !== undefined && reopened.peek() === null) reopened.value = before;
  let shown: string | null = null;
  let who: string | undefined;
  return effect(() => {
    const me = session.value?.agent;
    const now = selectedCall.value;
    const left = shown;
    const same = who === me;
    shown = now?.id ?? null;
    who = me;
    // One that is mine, again or still, needs no door of its own.
    if (model.calls.value.has(reopened.value ?? "")) reopened.value = null;
    if (left === null || left === shown || !same || me === undefined || !model.known.value) return;
    const chosenByHand = now !== null && now.id === chosen.peek();
    const nothingElse = now === null || partOf(now, me) === "over";
    if (nothingElse && !chosenByHand && draftOf(left) !== undefined) reopen(left);
  });
}

function restored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
