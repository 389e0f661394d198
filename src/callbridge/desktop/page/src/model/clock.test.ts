import { afterEach, describe, expect, it, vi } from "vitest";
import { asClock, heardDate, heardMoment, secondsSince, secondsUntil, serverNow } from "./clock";

const HERE = Date.parse("2027-01-15T08:00:00Z");

describe("the gateway's clock", () => {
  afterEach(() => vi.useRealTimers());

  it("is right where this computer's is wrong", () => {
    vi.useFakeTimers({ now: HERE });
    heardMoment("2027-01-15T08:05:00.250Z");
    vi.advanceTimersByTime(1000);
    expect(serverNow()).toBe(Date.parse("2027-01-15T08:05:01.250Z"));
  });

  it("is not made worse by a header's whole seconds, and follows it where this computer's was set", () => {
    vi.useFakeTimers({ now: HERE });
    heardMoment("2027-01-15T08:00:00.900Z");
    heardDate("Fri, 15 Jan 2027 08:00:00 GMT");
    expect(serverNow()).toBe(HERE + 900);
    heardDate("Fri, 15 Jan 2027 09:00:00 GMT");
    expect(serverNow()).toBe(HERE + 3_600_500);
  });

  it("counts whole seconds that are never negative", () => {
    const at = HERE + 61_900;
    expect(secondsSince("2027-01-15T08:00:00Z", at)).toBe(61);
    expect(secondsSince("2027-01-15T09:00:00Z", at)).toBe(0);
    expect(secondsUntil("2027-01-15T08:01:02Z", at)).toBe(1);
    expect(secondsUntil("2027-01-15T08:00:00Z", at)).toBe(0);
    expect(secondsSince(null, at)).toBe(0);
  });

  it("is shown as minutes, with hours where there are some", () => {
    expect([0, 65, 3599, 3600, 36_061].map(asClock)).toEqual(["00:00", "01:05", "59:59", "1:00:00", "10:01:01"]);
  });
});
