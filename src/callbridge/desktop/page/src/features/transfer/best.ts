/** Which row of what was found is meant: the one that Enter takes. Pure. */
import { digitsAsked, type Hits, type Index, type Row, rowsOf, SECTIONS, words } from "./search";

/** How well a row fits what was typed, the best first. What fits equally is taken in the order of the list. */
export enum Fit {
  /** It is called so. */
  Exact,
  /** Its own name begins so. */
  Begins,
  /** Each word that was typed begins a word of its own name, or it is the id. */
  Words,
  /** It is somewhere in its own name, or in its number. */
  Within,
  /** Of several words some are its own, and the others its group's. */
  Partly,
  /** It is there for another's sake: a group for its agents, an agent or a preset for the group. */
  Member,
}

/** The row that Enter takes; null: nothing was typed, or nothing found. Only rows that are to be seen. */
export function bestOf(index: Index, hits: Hits, query: string, toggled: ReadonlyMap<string, boolean>): Row | null {
  const asked = words(query);
  if (asked.length === 0) return null;
  let best: Row | null = null;
  let fit = Number.POSITIVE_INFINITY;
  for (const section of SECTIONS) {
    for (const row of rowsOf(hits, section, toggled)) {
      const its = fitOf(index, row, asked, query);
      if (its >= fit) continue;
      best = row;
      fit = its;
      if (fit === Fit.Exact) return best;
    }
  }
  return best;
}

function fitOf(index: Index, row: Row, asked: readonly string[], query: string): Fit {
  const typed = asked.join(" ");
  const own = index.own.get(ownKey(row));
  if (own === undefined) return Fit.Member;
  if (own.name === typed) return Fit.Exact;
  if (own.name.startsWith(typed)) return Fit.Begins;
  const line = ` ${own.name} ${own.id}`;
  const begun = asked.filter((word) => line.includes(` ${word}`)).length;
  if (begun === asked.length) return Fit.Words;
  if (line.includes(typed) || (row.kind === "preset" && hasDigits(row.preset.number, query))) return Fit.Within;
  // A group that has only some of the words is there for the agent who has the others.
  return begun > 0 && row.kind !== "group" ? Fit.Partly : Fit.Member;
}

function ownKey(row: Row): string {
  if (row.kind === "group") return `g ${row.group.id}`;
  return row.kind === "agent" ? `a ${row.agent.id}` : `p ${row.preset.id}`;
}

function hasDigits(number: string, query: string): boolean {
  const digits = digitsAsked(query);
  return digits !== "" && number.includes(digits);
}
