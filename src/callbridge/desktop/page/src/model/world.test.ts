import { describe, expect, it } from "vitest";
import type { AgentDelta, Call, Me, Offer, Pop, Snapshot, StreamEvent, Transfer } from "../api/types";
import { apply, NOTHING, type World } from "./world";

const ME = { id: "anna", name: "Anna", state: "available", presence: "available" } as Me;

function call(id: string, more: Partial<Call> = {}): Call {
  return { id, state: "talking", agent: "anna", consult: null, pop: pop(id), parties: [], ...more } as Call;
}

function pop(id: string, more: Partial<Pop> = {}): Pop {
  return { id: `${id}-pop`, call: id, agent: "anna", preview: false, ...more } as Pop;
}

function agent(id: string, state: AgentDelta["state"]): AgentDelta {
  return { id, state, since: null, reason: null, calls: 0, phone: "idle" };
}

function snapshot(more: Partial<Snapshot> = {}): StreamEvent {
  const data: Snapshot = {
    at: "2027-01-15T08:00:00Z",
    me: ME,
    scopes: [],
    calls: [],
    offers: [],
    transfers: [],
    directory: { agents: [], groups: [] },
    ...more,
  };
  return { id: "e-0", type: "snapshot", data };
}

function after(...events: StreamEvent[]): World {
  return events.reduce((world, event) => apply(world, event), NOTHING);
}

const updated = (given: Call): StreamEvent => ({ id: "e-1", type: "call.updated", data: { sequence: 1, call: given } });
const over = (given: Call): StreamEvent => ({ id: "e-2", type: "call.ended", data: { sequence: 1, call: given } });
const moved = (transfer: Partial<Transfer>): StreamEvent => ({
  id: "e-3",
  type: "transfer.updated",
  data: { sequence: 1, transfer: { id: "t-1", state: "ringing", ...transfer } as Transfer },
});

describe("the world", () => {
  it("is not known before the first snapshot", () => {
    expect(NOTHING.known).toBe(false);
    expect(after(snapshot()).known).toBe(true);
  });

  it("has my call and its pop from a snapshot", () => {
    const world = after(snapshot({ calls: [call("c-1")] }));
    expect([...world.calls.keys()]).toEqual(["c-1"]);
    expect(world.pops.get("c-1")?.id).toBe("c-1-pop");
  });

  it("shows one who is consulted the preview, not the pop of the one who asks", () => {
    const consult = {
      agent: { id: "anna", name: "Anna" },
      offer: "o",
      deadline: null,
      accepted: true,
      preview: pop("c-1", { id: "mine" }),
    };
    const world = after(snapshot({ calls: [call("c-1", { agent: "ben", consult })] }));
    expect(world.pops.get("c-1")?.id).toBe("mine");
  });

  it("is the same however often an event is applied", () => {
    const once = after(snapshot(), updated(call("c-1")));
    expect(apply(once, updated(call("c-1")))).toEqual(once);
  });

  it("keeps a call that ended, with its pop, among the past ones", () => {
    const world = after(
      snapshot(),
      updated(call("c-1")),
      over(call("c-1", { agent: null, pop: null, state: "ended" })),
    );
    expect(world.calls.size).toBe(0);
    expect(world.past.get("c-1")?.state).toBe("ended");
    expect(world.pops.get("c-1")?.id).toBe("c-1-pop");
  });

  it("lets a call go that is somebody else's now", () => {
    const world = after(snapshot(), updated(call("c-1")), updated(call("c-1", { agent: "ben", pop: null })));
    expect(world.calls.size).toBe(0);
    expect(world.past.has("c-1")).toBe(true);
  });

  it("takes a call back that returns", () => {
    const world = after(snapshot(), updated(call("c-1")), over(call("c-1")), updated(call("c-1")));
    expect([...world.calls.keys()]).toEqual(["c-1"]);
    expect(world.past.size).toBe(0);
  });

  it("does not remember a call that was never mine", () => {
    const world = after(snapshot(), over(call("c-9", { agent: "ben", pop: null })));
    expect(world.past.size).toBe(0);
  });

  it("keeps everybody's calls in everybody's view", () => {
    const world = apply(after(snapshot()), updated(call("c-1", { agent: "ben" })), "all");
    expect(world.calls.has("c-1")).toBe(true);
  });

  it("has an offer until it ends", () => {
    const offer = { id: "o-1", agent: "anna", state: "pending" } as Offer;
    const made = after(snapshot(), { id: "e-1", type: "offer.made", data: { sequence: 1, offer, next: null } });
    expect(made.offers.has("o-1")).toBe(true);
    const missed: Offer = { ...offer, state: "timed_out" };
    const none = apply(made, { id: "e-2", type: "offer.ended", data: { sequence: 2, offer: missed, next: null } });
    expect(none.offers.size).toBe(0);
  });

  it("tells the call of its transfer, which is newer there than with the call itself", () => {
    const first = { call: "c-1", made_at: "2026-01-01T00:00:00Z" };
    const world = after(snapshot(), updated(call("c-1")), moved({ ...first, state: "deferred" }));
    expect(world.calls.get("c-1")?.transfer?.state).toBe("deferred");
    const older = apply(world, moved({ ...first, id: "t-0", made_at: "2025-01-01T00:00:00Z", state: "failed" }));
    expect(older.calls.get("c-1")?.transfer?.id).toBe("t-1");
  });

  it("tells a call that I gave away what became of its transfer", () => {
    const first = { call: "c-1", made_at: "2026-01-01T00:00:00Z", by: "anna" };
    const gone = after(snapshot(), updated(call("c-1")), moved(first), updated(call("c-1", { agent: null })));
    const world = apply(gone, moved({ ...first, state: "completed", taken_by: "carla" }));
    expect(world.past.get("c-1")?.transfer?.taken_by).toBe("carla");
  });

  it("has a transfer until it ends, and what became of it afterwards", () => {
    expect(after(snapshot(), moved({})).transfers.has("t-1")).toBe(true);
    const world = after(snapshot(), moved({}), moved({ state: "failed", failure: "no_answer" }));
    expect(world.transfers.size).toBe(0);
    expect(world.pastTransfers.get("t-1")?.failure).toBe("no_answer");
  });

  it("forgets with a snapshot all that is not in it", () => {
    const before = after(
      snapshot({
        calls: [call("c-1"), call("c-2")],
        directory: { agents: [agent("x", "busy")], groups: [] },
      }),
      moved({}),
    );
    const world = apply(before, snapshot({ calls: [call("c-2")] }));
    expect([...world.calls.keys()]).toEqual(["c-2"]);
    expect([...world.past.keys()]).toEqual(["c-1"]);
    expect(world.transfers.size).toBe(0);
    expect(world.agents.size).toBe(0);
  });

  it("changes the states of those whom a directory event names, and of nobody else", () => {
    const directory = {
      agents: [agent("x", "busy"), agent("y", "busy")],
      groups: [],
    };
    const world = apply(after(snapshot({ directory })), {
      id: "e-1",
      type: "directory",
      data: {
        agents: [agent("x", "available")],
        groups: [{ id: "g", waiting: 2, waiting_since: null, available: 1, logged_in: 2, expected_wait: null }],
      },
    });
    expect([...world.agents.values()].map((agent) => agent.state)).toEqual(["available", "busy"]);
    expect(world.groups.get("g")?.waiting).toBe(2);
  });

  it("stays as it is where an event is no part of it, or not known yet", () => {
    const world = after(snapshot());
    expect(apply(world, { id: "e-1", type: "statistics", data: {} } as StreamEvent)).toBe(world);
    expect(apply(world, { id: "e-2", type: "of.next.year", data: {} } as unknown as StreamEvent)).toBe(world);
  });

  it("does not take another agent's state for mine", () => {
    const world = apply(
      after(snapshot()),
      { id: "e-1", type: "agent", data: { ...ME, id: "ben", state: "busy" } },
      "all",
    );
    expect(world.me?.state).toBe("available");
  });

  it("keeps no more than twenty past calls", () => {
    const events = Array.from({ length: 30 }, (_, number) => [
      updated(call(`c-${number}`)),
      over(call(`c-${number}`)),
    ]).flat();
    const world = after(snapshot(), ...events);
    expect(world.past.size).toBe(20);
    expect(world.past.has("c-29")).toBe(true);
    expect(world.pops.size).toBe(20);
  });
});
