import { describe, expect, it } from "vitest";
import type { AgentDelta, Call, Offer } from "../../api/types";
import { agentRows, chosen, countStates, type Person, settled, sorted, waitingRows, wordsOf } from "./rows";

const NAMES: Record<string, string> = { win: "Windows", sales: "Sales" };
const groupName = (id: string) => NAMES[id] ?? id;

function state(id: string, more: Partial<AgentDelta> = {}): AgentDelta {
  return { id, state: "available", since: null, reason: null, calls: 0, phone: "idle", ...more };
}

function call(id: string, more: Partial<Call> = {}): Call {
  return {
    id,
    state: "talking",
    agent: null,
    caller_name: `Caller ${id}`,
    caller_number: "+491",
    group: { id: "win", name: "Windows" },
    arrived_at: "2027-01-15T08:00:00Z",
    answered_at: null,
    transfer: null,
    consult: null,
    ...more,
  } as Call;
}

function by<T extends { id: string }>(...items: T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

const offer = (id: string, of: string, agent: string) =>
  ({ id, call: of, agent, state: "pending", made_at: "2027-01-15T08:01:00Z" }) as Offer;

const PEOPLE = by<Person>(
  { id: "anna", name: "Anna Özdemir", groups: ["win"] },
  { id: "ben", name: "Ben Albers", groups: ["sales"] },
);
const WANTED = { text: "", group: "", states: new Set<AgentDelta["state"]>() };

describe("agents", () => {
  const rows = (calls: Call[], offers: Offer[] = []) =>
    agentRows(by(state("anna"), state("ben"), state("new")), PEOPLE, by(...calls), by(...offers), groupName);

  it("have the call that they talk in, with how many more there are", () => {
    const talking = call("c-1", { agent: "anna", answered_at: "2027-01-15T08:02:00Z" });
    const [anna, ben] = rows([talking, call("c-2", { agent: "anna" })], [offer("o-1", "c-2", "ben")]);
    expect(anna).toMatchObject({ caller: "Caller c-1", callSince: "2027-01-15T08:02:00Z", moreCalls: 1 });
    expect(ben).toMatchObject({ caller: "Caller c-2", callState: "offered", moreCalls: 0 });
  });

  it("are consulted in another's call", () => {
    const consult = { agent: { id: "ben", name: "Ben" }, accepted: true } as Call["consult"];
    const [, ben] = rows([call("c-1", { agent: "anna", consult })]);
    expect(ben?.callState).toBe("consulted");
  });

  it("are shown by their ids until their names are known", () => {
    expect(rows([])[2]).toMatchObject({ name: "new", groupNames: "", caller: null });
  });

  it("are found by beginnings of words in any order, without accents, and by group and state", () => {
    const all = rows([call("c-1", { agent: "ben", caller_name: "Zoë" })]);
    const ids = (wanted: Partial<typeof WANTED>) => chosen(all, PEOPLE, { ...WANTED, ...wanted }).map(({ id }) => id);
    expect(ids({})).toEqual(["anna", "ben", "new"]);
    expect(ids({ text: "ozd an" })).toEqual(["anna"]);
    expect(ids({ text: "zoe" })).toEqual(["ben"]);
    expect(ids({ text: "nna" })).toEqual([]);
    expect(ids({ group: "sales" })).toEqual(["ben"]);
    expect(ids({ states: new Set(["busy"] as const) })).toEqual([]);
    expect(wordsOf("  Öz-demir, A. ")).toEqual(["oz", "demir", "a"]);
  });

  it("are counted by state", () => {
    expect(countStates([state("a"), state("b", { state: "busy" }), state("c")])).toMatchObject({
      available: 2,
      busy: 1,
      offline: 0,
    });
  });
});

describe("callers who wait", () => {
  it("come in the order of their waiting, where they wait for now and with whose phone rings", () => {
    const sentOn = {
      made_at: "2027-01-15T08:05:00Z",
      ended_at: null,
      destination: { kind: "group", value: "sales" },
    } as Call["transfer"];
    const found = waitingRows(
      by(
        call("c-1", { state: "waiting", transfer: sentOn }),
        call("c-2", { state: "offering", arrived_at: "2027-01-15T08:03:00Z" }),
        call("c-3", { state: "talking", agent: "anna" }),
      ),
      by(offer("o-1", "c-2", "ben")),
      groupName,
      (id) => PEOPLE.get(id)?.name ?? id,
    );
    expect(found.map(({ id, groupName, since, ringing }) => [id, groupName, since?.slice(14, 16), ringing])).toEqual([
      ["c-2", "Windows", "03", "Ben Albers"],
      ["c-1", "Sales", "05", null],
    ]);
  });
});

describe("rows", () => {
  it("stay the same objects where nothing in them has changed", () => {
    const before = [state("a"), state("b")];
    const after = settled(before, [state("b", { state: "busy" }), state("a")]);
    expect(after[1]).toBe(before[0]);
    expect(after[0]).not.toBe(before[1]);
    expect(after[0]?.state).toBe("busy");
  });

  it("are sorted as people read, both ways, with those that have no value at the end", () => {
    const collator = new Intl.Collator("en", { numeric: true });
    const rows = ["b10", "B2", "ä1", null].map((value, place) => ({ value, place }));
    const order = (down: boolean) => sorted(rows, ({ value }) => value, down, collator).map(({ value }) => value);
    expect(order(false)).toEqual(["ä1", "B2", "b10", null]);
    expect(order(true)).toEqual(["b10", "B2", "ä1", null]);
    const equal = sorted(rows, () => 1, true, collator).map(({ place }) => place);
    expect(equal).toEqual([0, 1, 2, 3]);
  });
});
