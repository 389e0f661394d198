import { describe, expect, it } from "vitest";
import { columnsFor, pagesOf, rowsFor } from "./board";

const groups = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("the wallboard's pages", () => {
  it("take twelve groups, and share more of them evenly", () => {
    const sizes = (count: number) => pagesOf(groups(count)).map((page) => page.length);
    expect(sizes(0)).toEqual([0]);
    expect(sizes(12)).toEqual([12]);
    expect(sizes(13)).toEqual([7, 6]);
    expect(sizes(60)).toEqual([12, 12, 12, 12, 12]);
    expect(pagesOf(groups(60)).flat()).toEqual(groups(60));
  });

  it("have room for all their tiles", () => {
    for (const tiles of groups(13)) expect(columnsFor(tiles) * rowsFor(tiles)).toBeGreaterThanOrEqual(tiles);
    expect([1, 3, 4, 6, 9, 12].map((tiles) => [columnsFor(tiles), rowsFor(tiles)])).toEqual([
      [1, 1],
      [3, 1],
      [2, 2],
      [3, 2],
      [3, 3],
      [4, 3],
    ]);
  });
});
