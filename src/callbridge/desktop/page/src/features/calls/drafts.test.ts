import { beforeEach, expect, test, vi } from "vitest";
import type { Call } from "../../api/types";

const get = vi.hoisted(() => vi.fn());
vi.mock("../../api/client", () => ({ api: { get }, newKey: () => "k", renew: vi.fn() }));

/** A page as it is after a reload: only what the tab keeps is there. */
async function page(agent: string) {
  vi.resetModules();
  const { session } = await import("../../api/session");
  session.value = { token: "t", agent, supervisor: false, endsAt: Date.now() + 3_600_000, gotAt: Date.now() };
  const drafts = await import("./drafts");
  const selection = await import("../../desk/selection");
  const { keepReopened } = await import("./reopened");
  const { model } = await import("../../model/store");
  const state = (me: string, calls: object[]) => {
    const rest = { offers: [], transfers: [], scopes: [], directory: { agents: [], groups: [] } };
    const data = { me: { id: agent, state: me, wrap_up_until: null }, calls, at: "2027-01-15T08:00:00Z", ...rest };
    model.take([{ id: "1-1", type: "snapshot", data } as never]);
  };
  const tell = (type: string, data: object) => model.take([{ id: "1-2", type, data } as never]);
  keepReopened();
  selection.keepWriting();
  return { ...drafts, ...selection, session, state, tell, shown: () => selection.selectedCall.value?.id ?? null };
}

const CALL = { id: "c-1", agent: "anna", state: "talking", ended_at: null, consult: null, pop: null, parties: [] };
const OVER = { ...CALL, agent: null, state: "ended", ended_at: "2027-01-15T08:10:00Z" };

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
  sessionStorage.clear();
  get.mockReset().mockReturnValue(new Promise(() => undefined));
});

test("what is half written stays through a reload, for its agent alone, and comes back to them", async () => {
  (await page("anna")).draft("c-1", "Wants his", "Max");
  expect((await page("anna")).draftOf("c-1")?.text).toBe("Wants his");
  const other = await page("bernd");
  expect([other.drafts.value, other.draftOf("c-1")]).toEqual([[], undefined]);
  other.draft("c-1", "Bernd's", "Max");
  other.draft("c-1", "", "Max");
  expect((await page("anna")).drafts.value.map(({ caller, text }) => [caller, text])).toEqual([["Max", "Wants his"]]);
});

test("what is saved or discarded is kept nowhere", async () => {
  const anna = await page("anna");
  anna.draft("c-1", "x", "Max");
  anna.draft("c-1", "", "Max");
  expect([anna.drafts.value.length, sessionStorage.getItem("callbridge.drafts")]).toEqual([0, null]);
});

test("drafts are bounded: twenty, of two thousand characters, for a day; what is not one is no trouble", async () => {
  const anna = await page("anna");
  for (let n = 0; n < 30; n++) anna.draft(`c-${n}`, "x".repeat(3000), "Max");
  expect([anna.drafts.value.length, anna.draftOf("c-29")?.text.length, anna.draftOf("c-0")]).toEqual([
    20,
    2000,
    undefined,
  ]);
  const old = { agent: "anna", call: "c-1", text: "x", caller: "Max", at: Date.now() - 25 * 3600 * 1000 };
  sessionStorage.setItem("callbridge.drafts", JSON.stringify([old, null, { call: 1 }, "x"]));
  expect((await page("anna")).drafts.value).toEqual([]);
  sessionStorage.setItem("callbridge.drafts", "{");
  expect((await page("anna")).drafts.value).toEqual([]);
});

test("whoever still writes when wrap-up ends goes on; without a draft the desk is empty", async () => {
  const anna = await page("anna");
  anna.state("on_call", [CALL]);
  anna.draft("c-1", "Wants", "Max");
  anna.tell("call.ended", { call: OVER });
  anna.tell("agent", { id: "anna", state: "wrap_up", wrap_up_until: null });
  expect(anna.shown()).toBe("c-1");
  anna.tell("agent", { id: "anna", state: "available" });
  expect(anna.shown()).toBe("c-1");
  const other = await page("anna");
  other.draft("c-1", "", "Max");
  other.state("on_call", [CALL]);
  other.tell("call.ended", { call: OVER });
  other.tell("agent", { id: "anna", state: "available" });
  expect(other.shown()).toBeNull();
});

test("the next call takes the desk, and the way back to the note leads to the call that is over", async () => {
  const anna = await page("anna");
  anna.state("on_call", [CALL]);
  anna.draft("c-1", "Wants", "Max");
  anna.tell("call.ended", { call: OVER });
  anna.tell("call.updated", { call: { ...CALL, id: "c-2" } });
  anna.select("c-2");
  expect(anna.shown()).toBe("c-2");
  anna.reopen("c-1");
  expect(anna.shown()).toBe("c-1");
  anna.select("c-2");
  expect(anna.shown()).toBe("c-2");
});

test("after a reload the call is asked for; where it goes on with somebody else, the note stands alone", async () => {
  (await page("anna")).draft("c-1", "Wants", "Max");
  get.mockResolvedValue(OVER as unknown as Call);
  let anna = await page("anna");
  anna.state("available", []);
  anna.reopen("c-1");
  await vi.waitFor(() => expect(anna.shown()).toBe("c-1"));
  get.mockRejectedValue(new Error("unknown_call"));
  anna = await page("anna");
  anna.state("available", []);
  anna.reopen("c-1");
  await Promise.resolve();
  expect([anna.shown(), anna.selectedDraft.value?.text]).toEqual([null, "Wants"]);
});

test("another agent at the same browser is not led to the call either", async () => {
  const anna = await page("anna");
  anna.state("on_call", [CALL]);
  anna.draft("c-1", "Wants", "Max");
  const bernd = await page("bernd");
  bernd.state("available", []);
  expect([bernd.shown(), bernd.selectedDraft.value]).toEqual([null, null]);
});
