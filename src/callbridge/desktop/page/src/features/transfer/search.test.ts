import { expect, test } from "vitest";
import type { Directory, DirectoryAgent, DirectoryGroup, DirectoryPreset } from "../../api/types";
import { indexOf, looksLikeNumber, rowsOf, search, stepTo, words } from "./search";

const agent = (id: string, name: string): DirectoryAgent => ({
  id,
  name,
  state: "available",
  since: null,
  reason: null,
  calls: 0,
  phone: "idle",
  unsupervised_allowed: true,
  unsupervised_refusal: null,
  supervised_allowed: true,
  supervised_refusal: null,
});

const group = (id: string, name: string, agents: DirectoryAgent[]): DirectoryGroup => ({
  id,
  name,
  waiting: 0,
  waiting_since: null,
  available: 1,
  logged_in: 1,
  expected_wait: 0,
  unsupervised_allowed: true,
  unsupervised_refusal: null,
  supervised_allowed: true,
  supervised_refusal: null,
  agents,
});

const preset: DirectoryPreset = {
  id: "plumber",
  name: "Plumber",
  number: "+4930123456",
  shown: "+49 30 123456",
  group: { id: "house", name: "House" },
  unsupervised_allowed: false,
  unsupervised_refusal: "external_not_allowed",
  reason: "",
  supervised_allowed: true,
  supervised_refusal: null,
  supervised_reason: null,
};

const anna = agent("anna", "Anna Berg");
const zoe = agent("zoe", "Zoë Ørsted");
const windy = agent("w1", "Windy Muñoz");
const directory: Directory = {
  my_agent_groups: [group("win", "Windows Support", [anna, windy, agent("me", "My Self")])],
  agent_groups: [group("sales", "Sales", [zoe, anna])],
  external_presets: [preset],
  manual_number: {
    number: null,
    shown: null,
    supervised_allowed: true,
    supervised_refusal: null,
    supervised_reason: null,
  },
  truncated: false,
};
const index = indexOf(directory, "me");
const none = new Map<string, boolean>();
const keys = (query: string) =>
  (["mine", "others", "presets"] as const).flatMap((section) =>
    rowsOf(search(index, query), section, none).map((row) => row.key),
  );

test("words have no case and no accents", () => {
  expect(words("Zoë Ørsted, MÜLLER-Groß")).toEqual(["zoe", "orsted", "muller", "gross"]);
});

test("without a search all groups and presets are there, closed, and I am nobody's target", () => {
  expect(keys("")).toEqual(["win", "sales", "preset/plumber"]);
  expect(search(index, "").mine[0]?.agents.map(({ id }) => id)).toEqual(["anna", "w1"]);
});

test("an agent is found in each of their groups, which open for them", () => {
  expect(keys("anna")).toEqual(["win", "win/anna", "sales", "sales/anna"]);
  expect(search(index, "anna").count).toBe(1);
});

test("words in any order, of an agent and of the group", () => {
  expect(keys("sales ann")).toEqual(["sales", "sales/anna"]);
  expect(keys("orsted zo")).toEqual(["sales", "sales/zoe"]);
});

test("a group that is found stays closed, unless one of its agents is found too: then that one comes first", () => {
  expect(keys("sales")).toEqual(["sales"]);
  expect(keys("wind")).toEqual(["win", "win/w1", "win/anna"]);
});

test("a preset is found by its name, its group and the digits of its number", () => {
  expect(keys("plum")).toEqual(["preset/plumber"]);
  expect(keys("house")).toEqual(["preset/plumber"]);
  expect(keys("030 123")).toEqual(["preset/plumber"]);
  expect(keys("nobody")).toEqual([]);
});

test("a group that was opened by hand shows its agents, one that was closed stays closed in a search", () => {
  expect(rowsOf(search(index, ""), "others", new Map([["sales", true]])).map((row) => row.key)).toEqual([
    "sales",
    "sales/zoe",
    "sales/anna",
  ]);
  expect(rowsOf(search(index, "anna"), "others", new Map([["sales", false]])).map((row) => row.key)).toEqual(["sales"]);
});

test("arrow keys go round at both ends, and page keys stop there", () => {
  expect(stepTo(["a", "b", "c"], null, 1)).toBe("a");
  expect(stepTo(["a", "b", "c"], null, -1)).toBe("c");
  expect(stepTo(["a", "b", "c"], "c", 1)).toBe("a");
  expect(stepTo(["a", "b", "c"], "a", -1)).toBe("c");
  expect(stepTo(["a", "b", "c"], "b", -8)).toBe("a");
  expect(stepTo(["a", "b", "c"], "b", 8)).toBe("c");
  expect(stepTo([], "a", 1)).toBeNull();
});

test("what looks like a number can be called", () => {
  expect(looksLikeNumber("+49 30 12")).toBe(true);
  expect(looksLikeNumber("(030) 12")).toBe(true);
  expect(looksLikeNumber("12")).toBe(false);
  expect(looksLikeNumber("team 123")).toBe(false);
});

test("500 agents in 60 groups: each search reads every name once, however many groups an agent is in", () => {
  const many = Array.from({ length: 500 }, (_, n) => agent(`agent-${n}`, `Name${n % 40} Family${n}`));
  const groups = Array.from({ length: 60 }, (_, n) => group(`group-${n}`, `Team ${n}`, many));
  const large = indexOf({ ...directory, my_agent_groups: groups.slice(0, 3), agent_groups: groups.slice(3) }, "me");
  expect(large.agents.size).toBe(500);
  const found = search(large, "family499");
  expect(found.mine.map(({ agents }) => agents.length)).toEqual([1, 1, 1]);
  expect([found.others.length, found.count]).toEqual([57, 1]);
});
