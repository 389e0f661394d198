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
  expect(mayNoteStill({ agent: null, last_agent }, "anna")).toBe(true);
  expect(mayNoteStill({ agent: null, last_agent }, "bernd")).toBe(false);
  expect(mayNoteStill({ agent: "bernd", last_agent }, "anna")).toBe(false);
  expect(mayNoteStill({ agent: null, last_agent: null }, undefined)).toBe(false);
});
