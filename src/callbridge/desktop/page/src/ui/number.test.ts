import { expect, it } from "vitest";
import { shownNumber } from "./number";

it("shows a number as people read it", () => {
  expect(shownNumber("+493012345678", null)).toBe("+49 30 12345678");
  expect(shownNumber("+442079460000", "DE")).toBe("+44 20 7946 0000");
  expect(shownNumber("03012345678", "DE")).toBe("+49 30 12345678");
});

it("leaves alone what it does not know for sure", () => {
  for (const number of ["03012345678", "5550100", "110", "anonymous", "", "+49"]) {
    expect(shownNumber(number, null)).toBe(number);
  }
  expect(shownNumber("5550400", "DE")).toBe("5550400");
  expect(shownNumber("+49\u0000<b>", "DE")).toBe("+49␀<b>");
});
