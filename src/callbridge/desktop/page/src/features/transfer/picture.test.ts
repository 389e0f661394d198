import { expect, test } from "vitest";
import type { Party } from "../../api/types";
import { pictureOf, RADIUS, WIDTH } from "./picture";

const party = (id: string, role: Party["role"], hears: string[] = []): Party => ({
  id,
  role,
  agent: null,
  name: null,
  number: null,
  state: "talking",
  muted: false,
  phone_holds: false,
  held: false,
  external: false,
  hears,
});

test("a line where both hear each other, an arrow to the one who hears where only one does, else nothing", () => {
  const { lines } = pictureOf([
    party("caller", "caller"),
    party("leg-1", "agent", ["leg-2"]),
    party("leg-2", "target", ["leg-1"]),
    party("leg-3", "fourth", ["leg-1"]),
  ]);
  expect(lines.map(({ key, both }) => [key, both])).toEqual([
    ["leg-2 leg-1", true],
    ["leg-1 leg-3", false],
  ]);
});

test("an arrow's second end is at the one who hears", () => {
  const parties = [party("caller", "caller", ["leg-1"]), party("leg-1", "agent")];
  const { lines, places } = pictureOf(parties);
  const caller = places.find((place) => place.party.id === "caller");
  expect(Math.abs((lines[0]?.x2 ?? 0) - (caller?.x ?? 0))).toBeLessThan(RADIUS * 2);
});

test.each([1, 2, 3, 4, 5, 6])("%i parties stand inside the picture and apart from each other", (count) => {
  const roles = ["caller", "agent", "target", "fourth", "fourth", "fourth"] as const;
  const { places, height } = pictureOf(roles.slice(0, count).map((role, n) => party(`p-${n}`, role)));
  expect(places).toHaveLength(count);
  for (const { x, y } of places) {
    expect(x).toBeGreaterThanOrEqual(RADIUS);
    expect(x).toBeLessThanOrEqual(WIDTH - RADIUS);
    expect(y).toBeGreaterThanOrEqual(RADIUS);
    expect(y).toBeLessThan(height - RADIUS);
  }
  const near = places.flatMap((one, n) =>
    places.slice(n + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y)),
  );
  for (const distance of near) expect(distance).toBeGreaterThan(RADIUS * 3);
});
