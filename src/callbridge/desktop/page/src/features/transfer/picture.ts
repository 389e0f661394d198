/** Who hears whom, as points and lines: from the parties of the call alone, so that it is always true. Pure. */
import type { Party } from "../../api/types";

export const WIDTH = 320;
export const RADIUS = 24;
const GAP = 7;

export interface Place {
  party: Party;
  x: number;
  y: number;
}
export interface Line {
  key: string;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** Both hear each other; else only the one at the second end hears the other. */
  both: boolean;
}
export interface Picture {
  height: number;
  places: Place[];
  lines: Line[];
}

const ORDER: Record<Party["role"], number> = { caller: 0, target: 1, fourth: 2, agent: 3 };
const LAYOUTS: Record<number, { height: number; at: readonly (readonly [number, number])[] }> = {
  1: { height: 112, at: [[160, 40]] },
  2: {
    height: 112,
    at: [
      [70, 40],
      [250, 40],
    ],
  },
  3: {
    height: 218,
    at: [
      [64, 40],
      [256, 40],
      [160, 146],
    ],
  },
  4: {
    height: 292,
    at: [
      [58, 128],
      [262, 128],
      [160, 40],
      [160, 220],
    ],
  },
};

export function pictureOf(parties: readonly Party[]): Picture {
  const shown = [...parties].sort((a, b) => ORDER[a.role] - ORDER[b.role] || a.id.localeCompare(b.id));
  const { height, at } = LAYOUTS[shown.length] ?? circle(shown.length);
  const places = shown.map((party, number) => {
    const [x, y] = at[number] ?? [0, 0];
    return { party, x, y };
  });
  const lines: Line[] = [];
  places.forEach((one, number) => {
    for (const other of places.slice(number + 1)) {
      const hears = one.party.hears.includes(other.party.id);
      const heard = other.party.hears.includes(one.party.id);
      if (!hears && !heard) continue;
      // The line's second end is at the one who hears.
      const [from, to] = heard ? [one, other] : [other, one];
      lines.push({ key: `${one.party.id} ${other.party.id}`, ...between(from, to), both: hears && heard });
    }
  });
  return { height, places, lines };
}

/** From edge to edge of the two circles. */
function between(from: Place, to: Place): Pick<Line, "x1" | "y1" | "x2" | "y2"> {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const cut = (RADIUS + GAP) / length;
  const [dx, dy] = [(to.x - from.x) * cut, (to.y - from.y) * cut];
  const round = (value: number) => Math.round(value * 10) / 10;
  return { x1: round(from.x + dx), y1: round(from.y + dy), x2: round(to.x - dx), y2: round(to.y - dy) };
}

function circle(count: number): { height: number; at: [number, number][] } {
  const at = Array.from({ length: count }, (_, number): [number, number] => {
    const angle = Math.PI * 2 * (number / count) - Math.PI / 2;
    return [Math.round(160 + Math.cos(angle) * 108), Math.round(148 + Math.sin(angle) * 108)];
  });
  return { height: 330, at };
}
