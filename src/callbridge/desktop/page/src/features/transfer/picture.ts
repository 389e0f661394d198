/** Who hears whom, as points and lines: from the parties of the call alone, so that it is always true. Pure. */
import type { Party } from "../../api/types";

export const WIDTH = 320;
export const RADIUS = 24;
const GAP = 7;
const ABOVE = 48;
const BELOW = 24;
const SECOND_LINE = 16;

export interface Place {
  party: Party;
  x: number;
  y: number;
  /** Names stand above those in the upper row and below those in the lower one, where no line passes. */
  above: boolean;
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

const ORDER: Record<Party["role"], number> = { caller: 0, target: 1, agent: 2, fourth: 3 };
const UPPER = ABOVE + RADIUS;
const LOWER = UPPER + 108;
const LAYOUTS: Record<number, readonly (readonly [number, number])[]> = {
  1: [[160, RADIUS + 4]],
  2: [
    [72, RADIUS + 4],
    [248, RADIUS + 4],
  ],
  3: [
    [72, UPPER],
    [248, UPPER],
    [160, LOWER],
  ],
  4: [
    [72, UPPER],
    [248, UPPER],
    [72, LOWER],
    [248, LOWER],
  ],
};

/** `twoLines`: of whom more than the name is written below. */
export function pictureOf(parties: readonly Party[], twoLines: (party: Party) => boolean = () => true): Picture {
  const shown = [...parties].sort((a, b) => ORDER[a.role] - ORDER[b.role] || a.id.localeCompare(b.id));
  const at = LAYOUTS[shown.length] ?? circle(shown.length);
  const places = shown.map((party, number) => {
    const [x, y] = at[number] ?? [0, 0];
    return { party, x, y, above: shown.length > 2 && y === UPPER };
  });
  const bottom = Math.max(...places.map(({ y }) => y)) + RADIUS + BELOW;
  const height = bottom + (places.some((place) => !place.above && twoLines(place.party)) ? SECOND_LINE : 0);
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

function circle(count: number): [number, number][] {
  return Array.from({ length: count }, (_, number) => {
    const angle = Math.PI * 2 * (number / count) - Math.PI / 2;
    return [Math.round(160 + Math.cos(angle) * 108), Math.round(148 + Math.sin(angle) * 108)];
  });
}
