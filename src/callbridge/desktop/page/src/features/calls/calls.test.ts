import { expect, it } from "vitest";
import type { Call } from "../../api/types";
import { lastOf } from "./afterwards";
import { mayBeFramed } from "./Crm";
import { mayNoteStill } from "./Notes";

it("never frames a page of its own origin, which could free itself", () => {
  expect(mayBeFramed(new URL("https://crm.example/1"), "https://desk.example")).toBe(true);
  expect(mayBeFramed(new URL("https://desk.example/x"), "https://desk.example")).toBe(false);
});

it("takes the call that ended last for the one of wrap-up", () => {
  const ended = (id: string, ended_at: string | null) => ({ id, ended_at }) as Call;
  expect(lastOf([ended("a", "2027-01-15T08:00:01Z"), ended("b", "2027-01-15T08:00:02Z"), ended("c", null)])?.id).toBe(
    "b",
  );
  expect(lastOf([ended("c", null)])).toBe(null);
});

it("lets whoever had a call last note it while nobody has it", () => {
  const last_agent = { id: "anna", name: "Anna" };
  const transfer = { by: "anna" } as never;
  const [none, nobody] = [undefined, { agent: null, last_agent: null, transfer: null }];
  expect(mayNoteStill({ ...nobody, last_agent }, none, "anna")).toBe(true);
  expect(mayNoteStill({ ...nobody, last_agent }, none, "bernd")).toBe(false);
  expect(mayNoteStill({ ...nobody, agent: "bernd", last_agent }, none, "anna")).toBe(true);
  expect(mayNoteStill({ ...nobody, agent: "bernd", transfer }, none, "anna")).toBe(true);
  expect(mayNoteStill(nobody, { agent: "anna", preview: false }, "anna")).toBe(true);
  expect(mayNoteStill(nobody, { agent: "anna", preview: true }, "anna")).toBe(false);
  expect(mayNoteStill(nobody, none, undefined)).toBe(false);
});

it("after a handover that was reloaded, no older call is taken for the one that wrap-up is about", () => {
  const older = { id: "c-0", ended_at: "2027-01-15T07:00:00Z" } as Call;
  const recent = { id: "c-1", ended_at: "2027-01-15T08:00:00Z" } as Call;
  const began = Date.parse("2027-01-15T08:00:02Z");
  expect(lastOf([older, recent], began)?.id).toBe("c-1");
  expect(lastOf([older], began)).toBeNull();
});
