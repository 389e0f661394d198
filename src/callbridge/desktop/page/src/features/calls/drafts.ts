/**
 * Notes that are being written and not saved yet, by agent and call. They are kept with this tab, so that a reload and the
 * end of wrap-up lose nothing; nobody else who logs in here is shown them.
 */
import { computed, signal } from "@preact/signals";
import { session } from "../../api/session";

export interface Draft {
  agent: string;
  call: string;
  text: string;
  /** The caller as the page named them, for where the call itself is not there. */
  caller: string;
  /** When it was changed last, ms of this computer's clock. */
  at: number;
}

export const LONGEST = 2000;
const KEY = "callbridge.drafts";
const MOST = 20;
const KEPT = 24 * 3600 * 1000;

const all = signal<readonly Draft[]>(restored());

/** Mine, the oldest first. */
export const drafts = computed<readonly Draft[]>(() => {
  const me = session.value?.agent;
  return all.value.filter(({ agent }) => agent === me);
});

export function draftOf(call: string): Draft | undefined {
  return drafts.value.find((each) => each.call === call);
}

/** Written anew; an empty text is none any more. */
export function draft(call: string, text: string, caller: string): void {
  const agent = session.peek()?.agent;
  if (agent === undefined) return;
  const others = all.peek().filter((each) => each.agent !== agent || each.call !== call);
  const changed = { agent, call, text: text.slice(0, LONGEST), caller: caller.slice(0, 200), at: Date.now() };
  all.value = fresh(text === "" ? others : [...others, changed]);
  try {
    if (all.value.length > 0) sessionStorage.setItem(KEY, JSON.stringify(all.value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that stores nothing keeps them until the next reload.
  }
}

function restored(): readonly Draft[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? fresh(found.filter(isDraft)) : [];
  } catch {
    return [];
  }
}

/** As many and as old as is worth keeping. */
function fresh(found: readonly Draft[]): readonly Draft[] {
  return found.filter(({ at }) => Date.now() - at < KEPT).slice(-MOST);
}

function isDraft(found: unknown): found is Draft {
  if (typeof found !== "object" || found === null) return false;
  const { agent, call, text, caller, at } = found as Partial<Draft>;
  return [agent, call, text, caller].every((each) => typeof each === "string") && typeof at === "number";
}
