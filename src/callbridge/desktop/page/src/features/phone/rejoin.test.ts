import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Call, Snapshot } from "../../api/types";

const post = vi.hoisted(() => vi.fn(async (_path: string) => ({})));
vi.mock("../../api/client", () => ({ api: { post, get: vi.fn() } }));
vi.mock("./line", () => ({ Line: class {} }));

// Each test has a page of its own: what a tab remembers is read when it is opened.
async function open(had: object = {}) {
  sessionStorage.clear();
  sessionStorage.setItem("callbridge.phone.calls", JSON.stringify(had));
  vi.resetModules();
  const phone = await import("./phone");
  const rejoin = await import("./rejoin");
  const { model } = await import("../../model/store");
  const { connection } = await import("../../api/stream");
  connection.value = { state: "live" };
  phone.hasPhone.value = true;
  phone.registration.value = { state: "registered" };
  const knows = (call: object | null) =>
    model.take([{ id: "1-1", type: "snapshot", data: snapshot(call) } as Parameters<typeof model.take>[0][number]]);
  return { phone, rejoin, knows };
}

function snapshot(call: object | null): Snapshot {
  const directory = { agents: [], groups: [] };
  const calls =
    call === null ? [] : [{ id: "c-1", state: "talking", agent: "erika", consult: null, pop: null, ...call }];
  const rest = { offers: [], transfers: [], scopes: [], at: "2026-01-01T00:00:00Z" };
  return { me: { id: "erika" }, calls, directory, ...rest } as unknown as Snapshot;
}

function leg(more: object = {}) {
  const state = { value: "up", peek: () => "up" };
  return { call: "c-1", connection: 0, cut: false, state, hangUp: vi.fn(), hearWith: vi.fn(), ...more };
}

type Legs = Awaited<ReturnType<typeof open>>["phone"]["legs"]["value"];
const asked = () => post.mock.calls.map(([path]) => path);
const settled = () => new Promise((wake) => setTimeout(wake, 20));

let ticking = vi.spyOn(globalThis, "setInterval");

beforeEach(() => {
  post.mockClear();
  ticking = vi.spyOn(globalThis, "setInterval");
});

// The page of the test before is closed: on a slow machine it would go on writing into this one's storage.
afterEach(() => {
  for (const { value } of ticking.mock.results) clearInterval(value as number);
});

test("after a reload the phone is asked for the call that this tab had, and the caller is resumed", async () => {
  const { rejoin, knows } = await open({ "c-1": "resume" });
  rejoin.keepCalls();
  knows({});
  await settled();
  expect(asked()).toEqual(["/v1/calls/{call}:reconnect-phone", "/v1/calls/{call}:resume"]);
});

test("a caller whom the agent had on hold before the reload stays there", async () => {
  const { rejoin, knows } = await open({ "c-1": "had" });
  rejoin.keepCalls();
  knows({ state: "consulting" });
  await settled();
  expect(asked()).toEqual(["/v1/calls/{call}:reconnect-phone"]);
});

test("a call that another page has is not taken from it", async () => {
  const { rejoin, knows } = await open();
  rejoin.keepCalls();
  knows({});
  await settled();
  expect(asked()).toEqual([]);
});

test("a call whose leg has just ended as legs do is not asked for: it is ending too", async () => {
  const { phone, rejoin, knows } = await open();
  rejoin.keepCalls();
  phone.legs.value = [leg()] as unknown as Legs;
  phone.seenCalls.add("c-1");
  knows({});
  phone.legs.value = [];
  await settled();
  expect(asked()).toEqual([]);
});

test("a leg of a connection that is gone is asked for anew, and not again while that may still ring", async () => {
  const { phone, rejoin, knows } = await open();
  rejoin.keepCalls();
  phone.seenCalls.add("c-1");
  phone.legs.value = [leg({ connection: -1 })] as unknown as Legs;
  knows({});
  phone.legs.value = [...phone.legs.value];
  await settled();
  expect(asked()).toEqual(["/v1/calls/{call}:reconnect-phone"]);
});

test("nothing is asked for while the phone is not registered", async () => {
  const { phone, rejoin, knows } = await open({ "c-1": "resume" });
  phone.registration.value = { state: "registering" };
  rejoin.keepCalls();
  knows({});
  await settled();
  expect(asked()).toEqual([]);
});

test("a page that goes has its caller held, and remembers to resume them", async () => {
  const { phone, rejoin, knows } = await open();
  const { begin } = await import("../../api/session");
  begin({ token: "t", agent: "erika", supervisor: false, expires_in: 600 } as Parameters<typeof begin>[0]);
  const fetched = vi.spyOn(window, "fetch").mockResolvedValue(new Response("{}"));
  rejoin.keepCalls();
  phone.legs.value = [leg()] as unknown as Legs;
  knows({} satisfies Partial<Call>);
  window.dispatchEvent(new Event("pagehide"));
  expect(fetched).toHaveBeenCalledWith("/v1/calls/c-1:hold", expect.objectContaining({ keepalive: true }));
  expect(JSON.parse(sessionStorage.getItem("callbridge.phone.calls") ?? "")).toEqual({ "c-1": "resume" });
});

test("a duplicated tab takes no call from the one that it was copied from", async () => {
  const { rejoin, knows } = await open({ "c-1": "resume" });
  const tab = await import("./tab");
  rejoin.keepCalls();
  tab.copied.value = true;
  knows({});
  await settled();
  expect(asked()).toEqual([]);
  expect(tab.kept("calls")).toBe(null);
});

test("a colleague who called directly is not taken for the phone of a call", async () => {
  const { phone, rejoin, knows } = await open({ "c-1": "had" });
  sessionStorage.setItem("callbridge.phone.names", "1");
  rejoin.keepCalls();
  phone.legs.value = [leg({ call: null })] as unknown as Legs;
  knows({});
  await settled();
  expect(asked()).toEqual(["/v1/calls/{call}:reconnect-phone"]);
});

test("where the PBX says of no leg which call it is of, any is taken for the call's", async () => {
  const { phone, rejoin, knows } = await open({ "c-1": "had" });
  rejoin.keepCalls();
  phone.legs.value = [leg({ call: null })] as unknown as Legs;
  knows({});
  await settled();
  expect(asked()).toEqual([]);
});

test("a call that ended while the page was reloaded leaves no muted microphone", async () => {
  const { phone, rejoin, knows } = await open({ "c-1": "had" });
  phone.mute(true);
  rejoin.keepCalls();
  knows({});
  await settled();
  expect(phone.muted.value).toBe(true);
  knows(null);
  await settled();
  expect(phone.muted.value).toBe(false);
});
