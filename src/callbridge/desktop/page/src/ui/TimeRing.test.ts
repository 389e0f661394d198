import { expect, it } from "vitest";
import { leftOf } from "./TimeRing";

it("is full at the beginning, empty at the end, and never more or less", () => {
  const at = (seconds: number) => Date.parse("2027-01-15T08:00:00Z") + seconds * 1000;
  const left = (seconds: number) => leftOf("2027-01-15T08:00:00Z", "2027-01-15T08:00:20Z", at(seconds));
  expect([left(-1), left(0), left(5), left(20), left(30)]).toEqual([1, 1, 0.75, 0, 0]);
  expect(leftOf(null, "2027-01-15T08:00:20Z", at(0))).toBe(0);
  expect(leftOf("2027-01-15T08:00:20Z", "2027-01-15T08:00:20Z", at(0))).toBe(0);
});
