/** Everybody's calls and states, for supervisors: a stream of its own, open while a screen of theirs is shown. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../../api/client";
import { session } from "../../api/session";
import { type Connection, Stream } from "../../api/stream";
import type { StreamEvent, Today } from "../../api/types";
import { groupName } from "../../model/directory";
import { Store } from "../../model/store";
import { type AgentRow, agentRows, type GroupRow, groupRows, type Person, settled, waitingRows } from "./rows";

export const everybody = new Store("all");
export const connection = signal<Connection>({ state: "connecting" });

/** The site's numbers since midnight. null: not heard yet. */
export const today = signal<Today | null>(null);

/** Everybody who is configured. */
export const people = signal<ReadonlyMap<string, Person>>(new Map());

const byName = new Intl.Collator();

let groupsBefore: readonly GroupRow[] = [];
export const groups = computed(() => {
  const found = groupRows(everybody.groups.value, groupName);
  found.sort((a, b) => byName.compare(a.name, b.name));
  return (groupsBefore = settled(groupsBefore, found));
});

let agentsBefore: readonly AgentRow[] = [];
export const agents = computed(() => {
  const { agents: states, calls, offers } = everybody;
  const found = agentRows(states.value, people.value, calls.value, offers.value, groupName);
  found.sort((a, b) => byName.compare(a.name, b.name));
  return (agentsBefore = settled(agentsBefore, found));
});

export const waiting = computed(() =>
  waitingRows(everybody.calls.value, everybody.offers.value, groupName, personName),
);

function personName(id: string): string {
  return people.value.get(id)?.name ?? id;
}

const stream = new Stream({ view: "all", take, connection });

function take(events: readonly StreamEvent[]): void {
  everybody.take(events);
  for (const event of events) if (event.type === "statistics") today.value = event.data;
}

let watching = 0;
let stopPeople: (() => void) | null = null;

/** From now on, until what it gives back is called. */
export function watch(): () => void {
  if (watching++ === 0) {
    stream.start();
    stopPeople = keepPeople();
  }
  return () => {
    if (--watching > 0) return;
    stream.stop();
    stopPeople?.();
    everybody.clear();
    today.value = null;
    people.value = new Map();
  };
}

/** Loads who there is, and again where that has changed, or with each snapshot their names may have. */
function keepPeople(): () => void {
  let asked = "";
  return effect(() => {
    if (!everybody.known.value || session.value === null) return;
    const there = [...everybody.agents.value.keys(), "|", ...everybody.groups.value.keys()];
    const ids = [everybody.snapshots.value, ...there].join();
    if (ids === asked) return;
    asked = ids;
    api.get("/v1/agents").then(
      ({ items }) => {
        people.value = new Map(items.map(({ id, name, groups: of }) => [id, { id, name, groups: of }]));
      },
      () => {
        asked = "";
      },
    );
  });
}
