import { expect, test } from "vitest";
import type { Call, Capabilities, Party, Transfer } from "../../api/types";
import { isSettled, partyVerbsOf, type Verbs, verbsOf } from "./verbs";

const may = { transfers: true, supervised_transfers: true, four_way: true } as Capabilities;
const transfer = {
  id: "t-1",
  by: "anna",
  state: "consulting",
  destination: { kind: "agent", value: "ben" },
} as Transfer;

const party = (id: string, role: Party["role"], changes: Partial<Party> = {}): Party => ({
  id,
  role,
  agent: null,
  name: null,
  number: null,
  state: "talking",
  muted: false,
  phone_holds: false,
  held: false,
  external: false,
  hears: [],
  ...changes,
});

const call = (changes: Partial<Call>): Call =>
  ({
    id: "c-1",
    state: "talking",
    stage: null,
    agent: "anna",
    transfer: null,
    consult: null,
    parties: [],
    ...changes,
  }) as Call;

const stage = (name: Call["stage"], changes: Partial<Call> = {}) =>
  call({ state: "consulting", stage: name, transfer, ...changes });

const can = (verbs: Verbs) =>
  Object.entries(verbs)
    .filter(([, on]) => on)
    .map(([verb]) => verb)
    .sort()
    .join(" ");

const asked = (of: Call) => can(verbsOf(of, "anna", may));

test("while they talk: hold, transfer, hang up", () => {
  expect(asked(call({}))).toBe("hangUp hold transfer");
  expect(can(verbsOf(call({}), "anna", { ...may, transfers: false }))).toBe("hangUp hold");
});

test("while a transfer waits for its target there is no second one, but an end to it", () => {
  const deferred = { ...transfer, state: "deferred" as const };
  expect(asked(call({ transfer: deferred }))).toBe("cancel hangUp hold");
  expect(asked(stage("held", { transfer: deferred }))).toBe("cancel hangUp resume");
  expect(asked(stage("returning", { transfer: deferred }))).toBe("cancel");
});

test.each([
  ["held", "hangUp resume transfer"],
  ["ringing", "cancel complete"],
  ["consulting", "alternate cancel complete fourth merge"],
  ["with_caller", "alternate cancel complete fourth merge"],
  ["conference", "cancel fourth leave"],
  ["completing", "cancel"],
  ["returning", ""],
  ["without_caller", "hangUp"],
] as const)("the transferer in the stage %s can: %s", (name, verbs) => {
  expect(asked(stage(name))).toBe(verbs);
});

test("an external target who still rings is not handed over to", () => {
  const external = { ...transfer, destination: { ...transfer.destination, kind: "number" as const } };
  expect(asked(stage("ringing", { transfer: external }))).toBe("cancel");
  expect(asked(stage("consulting", { transfer: external }))).toContain("complete");
});

test("there is one fourth party at most, and none where the site has switched it off", () => {
  expect(asked(stage("conference", { parties: [party("leg-3", "fourth")] }))).toBe("cancel leave");
  expect(can(verbsOf(stage("conference"), "anna", { ...may, four_way: false }))).toBe("cancel leave");
});

test("whoever took over a conference ends their part by hanging up: the transfer was somebody else's", () => {
  expect(can(verbsOf(stage("conference", { agent: "ben" }), "ben", may))).toBe("fourth hangUp");
});

test("who is consulted can hang up once they have accepted, and nothing else", () => {
  const consult = { agent: { id: "ben", name: "Ben" }, offer: "o", deadline: null, accepted: true, preview: null };
  expect(can(verbsOf(stage("consulting", { consult }), "ben", may))).toBe("hangUp");
  expect(can(verbsOf(stage("ringing", { consult: { ...consult, accepted: false } }), "ben", may))).toBe("");
  expect(can(verbsOf(stage("consulting", { consult }), "carla", may))).toBe("");
});

test("in a conference others can be held and dropped, the caller not dropped, and oneself only muted", () => {
  const at = stage("conference");
  expect(partyVerbsOf(at, party("caller", "caller"), "anna")).toEqual({ mute: true, hold: true, drop: false });
  expect(partyVerbsOf(at, party("leg-1", "agent", { agent: "anna" }), "anna")).toEqual({
    mute: true,
    hold: false,
    drop: false,
  });
  expect(partyVerbsOf(at, party("leg-2", "target"), "anna")).toEqual({ mute: true, hold: true, drop: true });
  expect(partyVerbsOf(at, party("leg-3", "fourth", { state: "ringing" }), "anna")).toEqual({
    mute: false,
    hold: false,
    drop: true,
  });
  expect(partyVerbsOf(at, party("leg-2", "target"), "ben")).toEqual({ mute: false, hold: false, drop: false });
});

test("in a consultation only the fourth party who rings is dropped", () => {
  const at = stage("consulting");
  expect(partyVerbsOf(at, party("leg-2", "target"), "anna")).toEqual({ mute: true, hold: false, drop: false });
  expect(partyVerbsOf(at, party("leg-3", "fourth", { state: "dialing" }), "anna").drop).toBe(true);
});

test("a verb has done its work when the parties are where the stage wants them", () => {
  const caller = party("caller", "caller", { state: "held" });
  const me = party("leg-1", "agent", { agent: "anna", hears: ["leg-2"] });
  const ben = party("leg-2", "target", { agent: "ben", hears: ["leg-1"] });
  expect(isSettled(stage("consulting", { parties: [caller, me, ben] }), "anna")).toBe(true);
  expect(isSettled(stage("with_caller", { parties: [caller, me, ben] }), "anna")).toBe(false);
  expect(isSettled(stage("conference", { parties: [caller, me, ben] }), "anna")).toBe(false);
  expect(isSettled(stage("completing", { parties: [caller, me, ben] }), "anna")).toBe(false);
  const muted = [caller, { ...me, muted: true }, { ...ben, hears: [] }];
  expect(isSettled(stage("consulting", { parties: muted }), "anna")).toBe(true);
});
