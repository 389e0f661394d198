import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, test, vi } from "vitest";

const logOut = vi.hoisted(() => vi.fn(async () => undefined));
vi.mock("../api/client", () => ({ api: {}, logOut, newKey: () => "k", renew: vi.fn() }));
const { leave, LeaveDialog } = await import("./leave");
const { model } = await import("../model/store");
const { connection } = await import("../api/stream");

function snapshot(calls: object[]): void {
  const rest = { offers: [], transfers: [], scopes: [], directory: { agents: [], groups: [] } };
  const data = { me: { id: "erika" }, calls, at: "2026-01-01T00:00:00Z", ...rest };
  model.take([{ id: "1-1", type: "snapshot", data }] as unknown as Parameters<typeof model.take>[0]);
}

const CALL = { id: "c-1", agent: "erika", state: "talking", consult: null, pop: null };
const root = document.createElement("div");
const buttons = () => [...root.querySelectorAll<HTMLButtonElement>("footer button")];

beforeEach(() => {
  logOut.mockClear();
  connection.value = { state: "live" };
  document.body.append(root);
  render(<LeaveDialog />, root);
});

test("whoever has no call is logged out at once", () => {
  snapshot([]);
  leave();
  expect(logOut).toHaveBeenCalledOnce();
});

test("whoever is in a call is asked before", async () => {
  snapshot([CALL]);
  await act(() => leave());
  expect(root.textContent).toContain("It goes on after you have logged out.");
  expect(logOut).not.toHaveBeenCalled();
  await act(() => buttons()[0]?.click());
  expect([buttons().length, logOut.mock.calls.length]).toEqual([0, 0]);
  await act(() => leave());
  await act(() => buttons()[1]?.click());
  expect([buttons().length, logOut.mock.calls.length]).toEqual([0, 1]);
});
