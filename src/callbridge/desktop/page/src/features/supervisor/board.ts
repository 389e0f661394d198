/** How groups are laid out on the wallboard, and which of them are shown when. Pure. */

/** On one page at most: what can be read across a room. */
export const ON_PAGE = 12;

/** The groups of each page, as evenly as it goes: 13 are 7 and 6. One empty page where there are none. */
export function pagesOf<T>(groups: readonly T[], most = ON_PAGE): T[][] {
  const count = Math.max(1, Math.ceil(groups.length / most));
  const each = Math.ceil(groups.length / count);
  return Array.from({ length: count }, (_, page) => groups.slice(page * each, (page + 1) * each));
}

/** Columns for so many tiles on a wide screen. All pages have as many as the first, so that nothing changes size. */
export function columnsFor(tiles: number): number {
  if (tiles <= 3) return Math.max(1, tiles);
  if (tiles === 4) return 2;
  return tiles <= 9 ? 3 : 4;
}

export function rowsFor(tiles: number): number {
  return Math.max(1, Math.ceil(tiles / columnsFor(tiles)));
}
