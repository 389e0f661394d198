/** What the tables show: pure, from what the stream says and who there is. */
import type { AgentDelta, Call, GroupDelta, Offer } from "../../api/types";
import type { ById } from "../../model/world";
import { nobodyShown } from "../calls/words";

/** Somebody who is configured, with what no event says. */
export interface Person {
  id: string;
  name: string;
  groups: readonly string[];
}

export interface AgentRow extends AgentDelta {
  name: string;
  /** Names of their groups, as one text. */
  groupNames: string;
  /** Their call, or the one that is offered to them: who calls, since when and what it is. null: there is none. */
  caller: string | null;
  callSince: string | null;
  callGroup: string | null;
  callState: "offered" | "consulted" | "talking" | null;
  /** How many calls they have beside that one. */
  moreCalls: number;
}

export interface GroupRow extends GroupDelta {
  name: string;
}

export interface WaitingRow {
  id: string;
  caller: string;
  number: string;
  group: string;
  groupName: string;
  since: string | null;
  /** Whose phone rings, by name. null: nobody's yet. */
  ringing: string | null;
}

/** The order in which states are sorted: who is free first, who is not there last. */
export const STATES = ["available", "offered", "on_call", "wrap_up", "busy", "offline"] as const;

const NOBODY_YET = new Set<Call["state"]>(["waiting", "offering"]);

export function groupRows(groups: ById<GroupDelta>, name: (id: string) => string): GroupRow[] {
  return [...groups.values()].map((group) => ({ ...group, name: name(group.id) }));
}

/** Those who are configured; whoever the stream knows and `people` do not yet is shown by the id. */
export function agentRows(
  agents: ById<AgentDelta>,
  people: ById<Person>,
  calls: ById<Call>,
  offers: ById<Offer>,
  groupName: (id: string) => string,
): AgentRow[] {
  const at = callsOf(calls, offers);
  return [...agents.values()].map((agent) => {
    const person = people.get(agent.id);
    const here = at.get(agent.id);
    return {
      ...agent,
      name: person?.name ?? agent.id,
      groupNames: (person?.groups ?? []).map(groupName).join(", "),
      caller: here?.call ? callerOf(here.call) : null,
      callSince: here?.since ?? null,
      callGroup: here?.call.group.name ?? null,
      callState: here?.state ?? null,
      moreCalls: here === undefined ? 0 : here.count - 1,
    };
  });
}

interface Here {
  call: Call;
  state: "offered" | "consulted" | "talking";
  since: string | null;
  count: number;
}

/** Of each agent the call that they talk in, else the one that rings. */
function callsOf(calls: ById<Call>, offers: ById<Offer>): Map<string, Here> {
  const found = new Map<string, Here>();
  const add = (agent: string, call: Call, state: Here["state"], since: string | null) => {
    const before = found.get(agent);
    if (before === undefined) found.set(agent, { call, state, since, count: 1 });
    else if (before.call.id !== call.id) before.count += 1;
  };
  for (const call of calls.values()) {
    if (call.agent !== null) add(call.agent, call, "talking", call.answered_at ?? call.arrived_at);
  }
  for (const call of calls.values()) {
    if (call.consult?.accepted) add(call.consult.agent.id, call, "consulted", call.transfer?.made_at ?? null);
  }
  for (const offer of offers.values()) {
    const call = calls.get(offer.call);
    if (offer.state === "pending" && call !== undefined && call.agent !== offer.agent) {
      add(offer.agent, call, "offered", offer.made_at);
    }
  }
  return found;
}

/** The callers who wait for somebody, the one who has waited longest first. */
export function waitingRows(
  calls: ById<Call>,
  offers: ById<Offer>,
  groupName: (id: string) => string,
  agentName: (id: string) => string,
): WaitingRow[] {
  const rings = new Map<string, string>();
  for (const offer of offers.values()) if (offer.state === "pending") rings.set(offer.call, offer.agent);
  return [...calls.values()]
    .filter((call) => NOBODY_YET.has(call.state))
    .map((call) => {
      const group = groupAsked(call);
      const agent = rings.get(call.id);
      return {
        id: call.id,
        caller: call.caller_name || (call.caller_withheld && !call.caller_number ? nobodyShown(call) : ""),
        number: call.caller_number,
        group,
        groupName: groupName(group),
        since: call.transfer?.ended_at === null ? call.transfer.made_at : call.arrived_at,
        ringing: agent === undefined ? null : agentName(agent),
      };
    })
    .sort((a, b) => (a.since ?? "").localeCompare(b.since ?? ""));
}

/** The group that the caller waits for: where the call was sent on, the new one. */
function groupAsked(call: Call): string {
  const to = call.transfer?.ended_at === null ? call.transfer.destination : null;
  return to?.kind === "group" ? to.value : call.group.id;
}

export function callerOf(call: Call): string {
  return call.caller_name || call.caller_number || (call.caller_withheld ? nobodyShown(call) : "");
}

/** The rows anew, each the same object as before where nothing in it has changed: only the others are drawn again. */
export function settled<R extends { id: string }>(before: readonly R[], after: readonly R[]): readonly R[] {
  const known = new Map(before.map((row) => [row.id, row]));
  return after.map((row) => {
    const old = known.get(row.id);
    return old !== undefined && same(old, row) ? old : row;
  });
}

function same<R extends object>(a: R, b: R): boolean {
  const keys = Object.keys(b) as (keyof R)[];
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key]);
}

export interface Wanted {
  text: string;
  /** A group's id, or "" for all. */
  group: string;
  /** Empty: all. */
  states: ReadonlySet<AgentDelta["state"]>;
}

/** Those in whom every word is the beginning of one of theirs, in any order; accents and case do not matter. */
export function chosen(rows: readonly AgentRow[], people: ById<Person>, wanted: Wanted): readonly AgentRow[] {
  const words = wordsOf(wanted.text);
  return rows.filter(
    (row) =>
      (wanted.states.size === 0 || wanted.states.has(row.state)) &&
      (wanted.group === "" || (people.get(row.id)?.groups.includes(wanted.group) ?? false)) &&
      (words.length === 0 || fits(row, words)),
  );
}

function fits(row: AgentRow, words: readonly string[]): boolean {
  const there = wordsOf(`${row.name} ${row.id} ${row.caller ?? ""} ${row.reason ?? ""}`);
  return words.every((word) => there.some((each) => each.startsWith(word)));
}

export function wordsOf(text: string): string[] {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

export type Sortable = string | number | null;

export interface Order {
  key: string;
  down: boolean;
}

/** A new list in order; what has no value comes last either way, and equals stay as they are. */
export function sorted<R>(
  rows: readonly R[],
  by: (row: R) => Sortable,
  down: boolean,
  collator: Intl.Collator,
): readonly R[] {
  const sign = down ? -1 : 1;
  return rows
    .map((row) => ({ row, value: by(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      const order =
        typeof a.value === "string" ? collator.compare(a.value, String(b.value)) : a.value - (b.value as number);
      return order * sign;
    })
    .map(({ row }) => row);
}

/** Over the agents given: how many there are in each state. */
export function countStates(rows: readonly AgentDelta[]): Record<AgentDelta["state"], number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<AgentDelta["state"], number>;
  for (const row of rows) counts[row.state] += 1;
  return counts;
}
