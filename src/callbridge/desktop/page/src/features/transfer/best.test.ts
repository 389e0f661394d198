import { expect, test } from "vitest";
import type { Directory, DirectoryAgent, DirectoryGroup, DirectoryPreset } from "../../api/types";
import { bestOf } from "./best";
import { indexOf, search, toggledIn } from "./search";

const agent = (id: string, name: string) => ({ id, name, state: "available" }) as DirectoryAgent;
const group = (id: string, name: string, ...agents: DirectoryAgent[]) => ({ id, name, agents }) as DirectoryGroup;
const preset = (id: string, name: string, of: string, number: string) =>
  ({ id, name, number, shown: number, group: { id: of.toLowerCase(), name: of } }) as DirectoryPreset;

const carla = agent("carla", "Carla Diaz");
const berg = agent("a17", "Anna Berg");
const sales = agent("bot", "Sales Robot");
const zoe = agent("zoe", "Zoë Ørsted");
const me = agent("me", "My Self");
const directory = {
  my_agent_groups: [group("support", "Support", carla, berg, me), group("win", "Windows Support", zoe, sales)],
  agent_groups: [group("sales", "Sales", carla, sales), group("night", "Anna's night shift", zoe, berg)],
  external_presets: [
    preset("plumber", "Plumber Diaz", "House", "+4930123456"),
    preset("lift", "Lift", "Support", "+4940777"),
    preset("carla-home", "Carla at home", "Support", "+4940888"),
  ],
  truncated: false,
} as unknown as Directory;
const index = indexOf(directory, "me");

function taken(query: string, before = new Map<string, boolean>(), meanwhile = new Map<string, boolean>()) {
  return bestOf(index, search(index, query), query, toggledIn(true, before, meanwhile))?.key ?? null;
}

test.each([
  // [typed, taken, why]
  ["carla", "support/carla", "an agent, above whom stands the group she is in"],
  ["Carla Diaz", "support/carla", "the whole name"],
  ["diaz", "support/carla", "a word of the name; the preset with the same word stands further down"],
  ["plumber", "preset/plumber", "a preset"],
  ["plumber diaz", "preset/plumber", "a preset by its whole name, though an agent has one of the words"],
  ["carla at", "preset/carla-home", "a preset whose name begins so, though an agent's name begins with the first word"],
  ["sales", "sales", "a group by its whole name, in the second section, though an agent in the first begins so"],
  ["sal", "win/bot", "two that begin so: the first in the list, though its own group does not"],
  ["support", "support", "a group by its whole name; another has it as its second word, and presets belong to it"],
  ["windows", "win", "a group by the beginning of its name"],
  ["anna", "support/a17", "an agent and a group begin so: the first in the list"],
  ["anna's night", "night", "a group, though an agent has the first word"],
  ["a17", "support/a17", "an agent by the id"],
  ["orsted zo", "win/zoe", "words of the name in any order, without accents"],
  ["sales carla", "sales/carla", "an agent in a certain group, not the group"],
  ["carla sales", "sales/carla", "the same in another order"],
  ["house", "preset/plumber", "found only by its group: still better than nothing"],
  ["house plumb", "preset/plumber", "partly by its own name"],
  ["030 123", "preset/plumber", "a preset by the digits of its number"],
  ["  CARLA ", "support/carla", "spaces and capitals"],
])("%s and Enter takes %s: %s", (typed, row) => {
  expect(taken(typed)).toBe(row);
});

test("nothing is taken where nothing was typed or found, and never oneself", () => {
  expect([taken(""), taken("  "), taken("-"), taken("nobody"), taken("my self")]).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("a group that was closed before the search does not hide whom it finds", () => {
  expect(taken("carla", new Map([["support", false]]))).toBe("support/carla");
});

test("a group that is closed while it is looked at is taken itself, as is to be seen, unless a row fits better", () => {
  const meanwhile = new Map([["support", false]]);
  expect(taken("berg", new Map(), meanwhile)).toBe("night/a17");
  const all = new Map(["support", "night", "win", "sales"].map((id) => [id, false]));
  expect(taken("berg", new Map(), all)).toBe("support");
});

test("the one of 5000 agents who fits is found in the last group too", () => {
  const many = Array.from({ length: 5000 }, (_, n) => agent(`agent-${n}`, `Name${n % 40} Family${n}`));
  const groups = Array.from({ length: 60 }, (_, n) =>
    group(`group-${n}`, `Team ${n}`, ...many.filter((_, m) => m % 60 === n)),
  );
  const large = indexOf({ ...directory, my_agent_groups: groups, agent_groups: [] }, "me");
  expect(bestOf(large, search(large, "family4999"), "family4999", new Map())?.key).toBe("group-19/agent-4999");
});
