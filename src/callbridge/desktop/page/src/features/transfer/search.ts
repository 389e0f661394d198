/** The search in what is loaded: the same words find the same as at the gateway, without asking it for every key. */
import type { Directory, DirectoryAgent, DirectoryGroup, DirectoryPreset } from "../../api/types";

/** As in the gateway's own search: letters that are not taken apart by Unicode. */
const LETTERS: Record<string, string> = { ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i", ß: "ss" };

/** Words as people type them: no case, no accents. */
export function words(text: string): string[] {
  const bare = text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[øłđðþæœıß]/g, (letter) => LETTERS[letter] ?? letter);
  return bare.match(/[\p{L}\p{N}]+/gu) ?? [];
}

export type Section = "mine" | "others" | "presets";
export const SECTIONS: readonly Section[] = ["mine", "others", "presets"];

interface IndexedGroup {
  group: DirectoryGroup;
  text: string;
}
interface IndexedPreset {
  preset: DirectoryPreset;
  text: string;
}
/** The folded words of everything, made once for each directory. */
export interface Index {
  groups: Record<"mine" | "others", readonly IndexedGroup[]>;
  presets: readonly IndexedPreset[];
  agents: ReadonlyMap<string, string>;
  /** Their own names and ids, without their group's: "g sales", "a anna", "p plumber". */
  own: ReadonlyMap<string, { name: string; id: string }>;
}

export interface GroupHit {
  group: DirectoryGroup;
  /** Those that were found; where the group itself was found, its others behind them. */
  agents: readonly DirectoryAgent[];
  /** Agents of it were found, not only the group itself: it shows them unless somebody closes it. */
  opens: boolean;
}
export interface Hits {
  mine: readonly GroupHit[];
  others: readonly GroupHit[];
  presets: readonly DirectoryPreset[];
  /** How many different agents, groups and presets were found. */
  count: number;
}

/** `me`: not a target for oneself. */
export function indexOf(directory: Directory, me: string | undefined): Index {
  const agents = new Map<string, string>();
  const own = new Map<string, { name: string; id: string }>();
  const keep = (key: string, of: { name: string; id: string }) =>
    own.set(`${key} ${of.id}`, { name: bare(of.name), id: bare(of.id) });
  const groupsOf = (groups: readonly DirectoryGroup[]) =>
    groups.map((group) => {
      const others = group.agents.filter((agent) => agent.id !== me);
      for (const agent of others) {
        if (agents.has(agent.id)) continue;
        agents.set(agent.id, lineOf(agent.name, agent.id));
        keep("a", agent);
      }
      keep("g", group);
      return { group: { ...group, agents: others }, text: lineOf(group.name, group.id) };
    });
  return {
    groups: { mine: groupsOf(directory.my_agent_groups), others: groupsOf(directory.agent_groups) },
    presets: directory.external_presets.map((preset) => {
      keep("p", preset);
      return { preset, text: lineOf(preset.name, preset.id, preset.group.name) };
    }),
    agents,
    own,
  };
}

/** Every word that was typed begins a word that is there; "anna windows" finds Anna in the group Windows. */
export function search(index: Index, query: string): Hits {
  const asked = words(query).map((word) => ` ${word}`);
  const number = digitsAsked(query);
  const every = (1 << asked.length) - 1;
  const bitsOf = (text: string) => {
    let bits = 0;
    for (let at = 0; at < asked.length; at++) if (text.includes(asked[at] ?? "")) bits |= 1 << at;
    return bits;
  };
  const ofAgent = new Map<string, number>();
  for (const [id, text] of index.agents) ofAgent.set(id, bitsOf(text));
  const counted = new Set<string>();
  const groupHits = (groups: readonly IndexedGroup[]) => {
    const hits: GroupHit[] = [];
    for (const { group, text } of groups) {
      const bits = bitsOf(text);
      const own = group.agents.filter(({ id }) => {
        const own = ofAgent.get(id) ?? 0;
        return own !== 0 && (own | bits) === every;
      });
      const whole = bits === every;
      if (!whole && own.length === 0) continue;
      const found = new Set(own);
      const agents = whole ? [...own, ...group.agents.filter((agent) => !found.has(agent))] : own;
      hits.push({ group, agents, opens: own.length > 0 });
      if (whole) counted.add(`g ${group.id}`);
      for (const agent of own) counted.add(`a ${agent.id}`);
    }
    return hits;
  };
  const mine = groupHits(index.groups.mine);
  const others = groupHits(index.groups.others);
  const presets = index.presets
    .filter(({ preset, text }) => bitsOf(text) === every || (number !== "" && preset.number.includes(number)))
    .map(({ preset }) => preset);
  return { mine, others, presets, count: counted.size + presets.length };
}

/** One line of the list, in the order in which the arrow keys pass them. */
export type Row =
  | { kind: "group"; key: string; section: Section; group: DirectoryGroup; open: boolean; opens: boolean }
  | { kind: "agent"; key: string; section: Section; agent: DirectoryAgent; at: number; of: number }
  | { kind: "preset"; key: string; section: Section; preset: DirectoryPreset };

/** `toggled`: groups that somebody has opened or closed; the others are as the search wants them. */
export function rowsOf(hits: Hits, section: Section, toggled: ReadonlyMap<string, boolean>): Row[] {
  if (section === "presets") {
    return hits.presets.map((preset) => ({ kind: "preset", key: `preset/${preset.id}`, section, preset }));
  }
  const rows: Row[] = [];
  for (const { group, agents, opens } of hits[section]) {
    const open = (toggled.get(group.id) ?? opens) && agents.length > 0;
    rows.push({ kind: "group", key: group.id, section, group, open, opens: agents.length > 0 });
    if (!open) continue;
    agents.forEach((agent, at) => {
      rows.push({ kind: "agent", key: `${group.id}/${agent.id}`, section, agent, at: at + 1, of: agents.length });
    });
  }
  return rows;
}

/**
 * Groups that somebody has opened or closed. One that was closed before the search must not hide whom the search finds;
 * one that is closed while it is looked at stays closed until something else is typed.
 */
export function toggledIn(
  searching: boolean,
  before: ReadonlyMap<string, boolean>,
  meanwhile: ReadonlyMap<string, boolean>,
): ReadonlyMap<string, boolean> {
  if (!searching) return before;
  return new Map([...[...before].filter(([, open]) => open), ...meanwhile]);
}

/** Where an arrow key leads, round at the ends; larger steps stop there. null: there is nothing. */
export function stepTo(keys: readonly string[], from: string | null, by: number): string | null {
  const at = from === null ? -1 : keys.indexOf(from);
  if (at < 0) return (by > 0 ? keys[0] : keys.at(-1)) ?? null;
  const to = Math.abs(by) === 1 ? (at + by + keys.length) % keys.length : at + by;
  return keys[Math.min(Math.max(to, 0), keys.length - 1)] ?? null;
}

/** Typed into the search, but meant to be called. */
export function looksLikeNumber(query: string): boolean {
  return /^\s*[+(]?[0-9][0-9 ()/.-]{2,}$/.test(query);
}

/** What was typed as the digits within a number, without the zero of its area; "": it is no number. */
export function digitsAsked(query: string): string {
  const digits = query.replace(/[\s()./+-]/g, "");
  return /^\d{2,}$/.test(digits) ? digits.replace(/^0+/, "") : "";
}

function bare(text: string): string {
  return words(text).join(" ");
}

function lineOf(...texts: string[]): string {
  return ` ${bare(texts.join(" "))}`;
}
