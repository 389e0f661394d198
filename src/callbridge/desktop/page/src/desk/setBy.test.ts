import { beforeEach, expect, test, vi } from "vitest";
import type { Me } from "../api/types";

const toast = vi.hoisted(() => vi.fn());
vi.mock("../ui/Toasts", () => ({ toast, toastProblem: vi.fn() }));
const { begin, ended, endedBy, leaving, session } = await import("../api/session");
const { model } = await import("../model/store");
const { language } = await import("../texts/t");
const { endedText } = await import("./LoginScreen");
const { followSetBy, setByText } = await import("./setBy");

const SAM = { name: "Sam Supervisor", at: "2027-01-15T14:05:00Z" };
const me = (more: object) => ({ id: "anna", state: "available", presence: "available", set_by: null, ...more }) as Me;
const told = (who: Me) => model.take([{ id: "1-2", type: "agent", data: who }]);

function snapshot(who: Me): void {
  const rest = { calls: [], offers: [], transfers: [], scopes: [], directory: { agents: [], groups: [] } };
  model.take([{ id: "1-1", type: "snapshot", data: { me: who, at: "2027-01-15T14:00:00Z", ...rest } }] as never);
}

beforeEach(() => {
  toast.mockClear();
  language.value = "en";
  begin({ token: "t", agent: "anna", supervisor: false, expires_in: 600 } as Parameters<typeof begin>[0]);
});

followSetBy();

test("whoever is logged out by somebody is told by whom and when, at the login screen", () => {
  snapshot(me({}));
  told(me({ state: "offline", presence: "offline", set_by: SAM }));
  expect(session.value).toBeNull();
  expect(endedText(ended.value ?? "expired", endedBy.value)).toMatch(/^Logged out by Sam Supervisor at \d\d:\d\d/);
  language.value = "de";
  expect(endedText(ended.value ?? "expired", endedBy.value)).toMatch(/^Von Sam Supervisor um \d\d:\d\d abgemeldet/);
});

test("also where it happened while the page was closed or the connection lost", () => {
  snapshot(me({ state: "offline", presence: "offline", set_by: SAM }));
  expect([session.value, endedBy.value]).toEqual([null, SAM]);
});

test("in a call the desk stays until it has ended, and says what comes then", () => {
  snapshot(me({ state: "on_call" }));
  told(me({ state: "on_call", presence: "offline", set_by: SAM }));
  expect(session.value).not.toBeNull();
  expect(toast).toHaveBeenCalledWith(expect.stringContaining("you are offline after this call"));
  told(me({ state: "offline", presence: "offline", set_by: SAM }));
  expect([session.value, endedBy.value]).toEqual([null, SAM]);
});

test.each([
  ["busy", "Set to Busy by Sam Supervisor at"],
  ["available", "Set to Available by Sam Supervisor at"],
])("whoever is set to %s by somebody is told so once, by name", (presence, text) => {
  snapshot(me({}));
  const changed = me({ state: presence, presence, set_by: SAM });
  told(changed);
  told(changed);
  expect(toast).toHaveBeenCalledTimes(1);
  expect(toast).toHaveBeenCalledWith(expect.stringContaining(text));
  expect(setByText(changed, SAM)).toContain(text);
});

test("what was set before the page came stands there, and is not said as if it had just happened", () => {
  session.value = null;
  model.clear();
  snapshot(me({ id: "bernd", state: "busy", presence: "busy", set_by: SAM }));
  expect(toast).not.toHaveBeenCalled();
});

test("one's own logout and one's own states are nobody else's", () => {
  snapshot(me({}));
  told(me({ state: "busy", presence: "busy" }));
  expect(toast).not.toHaveBeenCalled();
  leaving.value = true;
  told(me({ state: "offline", presence: "offline" }));
  expect([session.value === null, ended.value]).toEqual([false, null]);
});
