import { describe, expect, it } from "vitest";
import type { Today } from "../../api/types";
import { CALL_PARTS, over, parts, transfersBy, transfersMade } from "./totals";

const TODAY = {
  calls: { arrived: 10, live: 3, handled: 6, abandoned: 0, fallback: 1, lost_sight: 0 },
  transfers: [
    { kind: "supervised", destination: "agent", outcome: "completed", count: 2 },
    { kind: "supervised", destination: "preset", outcome: "completed", count: 1 },
    { kind: "unsupervised", destination: "group", outcome: "failed", count: 4 },
  ],
} as unknown as Today;

describe("today's numbers", () => {
  it("leave out what hardly ever happens, until it has", () => {
    expect(parts(TODAY.calls, CALL_PARTS).map(({ key }) => key)).toEqual(["handled", "abandoned", "fallback", "live"]);
  });

  it("count transfers by outcome and kind, wherever they went", () => {
    const found = transfersBy(TODAY);
    expect(found.completed).toEqual({ supervised: 3, unsupervised: 0 });
    expect(found.failed).toEqual({ supervised: 0, unsupervised: 4 });
    expect(found.under_way).toEqual({ supervised: 0, unsupervised: 0 });
    expect(transfersMade(TODAY)).toBe(7);
  });

  it("are parts of the calls that are over", () => {
    expect(over(TODAY)).toBe(7);
  });
});
