/** What the stream says, as plain data: `apply` is pure, and applying an event twice changes nothing. */
import type {
  AgentDelta,
  Call,
  DirectoryDelta,
  GroupDelta,
  Me,
  Offer,
  Pop,
  Snapshot,
  StreamEvent,
  Transfer,
} from "../api/types";

export type ById<T> = ReadonlyMap<string, T>;

export interface World {
  /** False until the first snapshot: what is empty then is not known yet. */
  readonly known: boolean;
  /** null for everybody's view of a service. */
  readonly me: Me | null;
  readonly scopes: readonly string[];
  /** Mine and those that I am consulted in; in everybody's view all live ones. */
  readonly calls: ById<Call>;
  /** Calls that were here while this page was open and are over, or somebody else's now: as last seen, oldest first. */
  readonly past: ById<Call>;
  /** Pending ones. */
  readonly offers: ById<Offer>;
  /** My screen pops by call id: `preview` until the call is mine. Kept for past calls too. */
  readonly pops: ById<Pop>;
  /** Under way. */
  readonly transfers: ById<Transfer>;
  /** Those that ended while this page was open, oldest first. */
  readonly pastTransfers: ById<Transfer>;
  readonly agents: ById<AgentDelta>;
  readonly groups: ById<GroupDelta>;
}

const KEPT = 20;
const ENDED = new Set(["completed", "failed", "cancelled"]);

export const NOTHING: World = {
  known: false,
  me: null,
  scopes: [],
  calls: new Map(),
  past: new Map(),
  offers: new Map(),
  pops: new Map(),
  transfers: new Map(),
  pastTransfers: new Map(),
  agents: new Map(),
  groups: new Map(),
};

export type View = "mine" | "all";

/** The world after an event. `view`: whether calls that are not mine (any more) are kept. */
export function apply(world: World, event: StreamEvent, view: View = "mine"): World {
  switch (event.type) {
    case "snapshot":
      return fromSnapshot(world, event.data);
    case "agent":
      // Everybody's view has everybody's; who they are to others is in the directory.
      return world.me?.id === event.data.id ? { ...world, me: event.data } : world;
    case "directory":
      return withDirectory(world, event.data);
    case "offer.made":
      return { ...world, offers: put(world.offers, event.data.offer.id, event.data.offer) };
    case "offer.ended":
      return { ...world, offers: without(world.offers, event.data.offer.id) };
    case "pop":
      return { ...world, pops: put(world.pops, event.data.pop.call, event.data.pop) };
    case "transfer.updated":
      return withTransfer(world, event.data.transfer);
    case "call.updated":
      return withCall(world, event.data.call, view === "all" || concerns(event.data.call, world.me?.id));
    case "call.ended":
      return withCall(world, event.data.call, false);
    default:
      // Today's numbers are no part of the world; and a newer gateway may have more to say than this page knows.
      return world;
  }
}

/** The agent has it, or is consulted in it. One that they are still asked about is an offer. */
export function concerns(call: Call, agent: string | undefined): boolean {
  const consulted = call.consult?.accepted === true ? call.consult.agent.id : null;
  return agent !== undefined && (call.agent === agent || consulted === agent);
}

/** What the agent is shown of a call: the pop, or the preview of one who is consulted. */
export function popOf(call: Call, agent: string | undefined): Pop | null {
  if (call.agent === agent) return call.pop;
  return call.consult !== null && call.consult.agent.id === agent ? call.consult.preview : null;
}

function fromSnapshot(world: World, snapshot: Snapshot): World {
  const calls = byId(snapshot.calls);
  const me = snapshot.me?.id;
  // What is not in the snapshot is not there: only what had ended before is kept, for wrap-up.
  const past = new Map([...world.past].filter(([id]) => !calls.has(id)));
  for (const [id, call] of world.calls) if (!calls.has(id)) past.set(id, call);
  const pops = new Map([...world.pops].filter(([id]) => past.has(id)));
  for (const call of snapshot.calls) {
    const pop = popOf(call, me);
    if (pop !== null) pops.set(call.id, pop);
  }
  return {
    known: true,
    me: snapshot.me,
    scopes: snapshot.scopes,
    calls,
    past: newest(past),
    offers: byId(snapshot.offers),
    pops,
    transfers: byId(snapshot.transfers),
    pastTransfers: world.pastTransfers,
    agents: byId(snapshot.directory.agents),
    groups: byId(snapshot.directory.groups),
  };
}

function withCall(world: World, call: Call, stays: boolean): World {
  const pop = popOf(call, world.me?.id);
  const pops = pop === null ? world.pops : put(world.pops, call.id, pop);
  if (stays) return { ...world, pops, calls: put(world.calls, call.id, call), past: without(world.past, call.id) };
  // An offer that I did not take brings news of a call that never was mine.
  const wasHere = world.calls.has(call.id) || world.past.has(call.id);
  const past = wasHere ? newest(put(world.past, call.id, call)) : world.past;
  const kept = new Map([...pops].filter(([id]) => past.has(id) || (world.calls.has(id) && id !== call.id)));
  return { ...world, calls: without(world.calls, call.id), past, pops: kept };
}

function withTransfer(before: World, transfer: Transfer): World {
  // The call has it too, and is not always told anew itself; one that I gave away is a past one of mine.
  const world = {
    ...before,
    calls: withNewer(before.calls, transfer),
    past: withNewer(before.past, transfer),
  };
  if (!ENDED.has(transfer.state)) return { ...world, transfers: put(world.transfers, transfer.id, transfer) };
  return {
    ...world,
    transfers: without(world.transfers, transfer.id),
    pastTransfers: newest(put(world.pastTransfers, transfer.id, transfer)),
  };
}

function withNewer(calls: ById<Call>, transfer: Transfer): ById<Call> {
  const call = calls.get(transfer.call);
  const latest = call !== undefined && (call.transfer?.made_at ?? "") <= (transfer.made_at ?? "");
  return latest ? put(calls, call.id, { ...call, transfer }) : calls;
}

function withDirectory(world: World, delta: DirectoryDelta): World {
  return {
    ...world,
    agents: delta.agents.length ? new Map([...world.agents, ...byId(delta.agents)]) : world.agents,
    groups: delta.groups.length ? new Map([...world.groups, ...byId(delta.groups)]) : world.groups,
  };
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function put<T>(map: ById<T>, id: string, value: T): ById<T> {
  return new Map(map).set(id, value);
}

function without<T>(map: ById<T>, id: string): ById<T> {
  if (!map.has(id)) return map;
  const changed = new Map(map);
  changed.delete(id);
  return changed;
}

function newest<T>(map: ById<T>): ById<T> {
  return map.size <= KEPT ? map : new Map([...map].slice(-KEPT));
}
