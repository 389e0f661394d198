import { expect, test } from "vitest";
import { typed } from "./typing";

/** Types keys one after the other, as a person does at the end of the field. */
function keys(text: string, region: string | null): string {
  let shown = "";
  for (const key of text) shown = typed({ text: shown + key, caret: shown.length + 1 }, shown, region).text;
  return shown;
}

test("a number is formatted while it is typed, as in the site's country or by its country code", () => {
  expect(keys("0301234567", "DE")).toBe("030 1234567");
  expect(keys("+493012345", null)).toBe("+49 30 12345");
  expect(keys("2025550123", "US")).toBe("(202) 555-0123");
  expect(keys("040555", null)).toBe("040555");
});

test("what is no number stays as it was typed", () => {
  expect(keys("carla 12", "DE")).toBe("carla 12");
});

test("the caret stays behind the digit that was typed in the middle", () => {
  expect(typed({ text: "+49 309 12345", caret: 7 }, "+49 30 12345", null)).toEqual({ text: "+49 30 912345", caret: 8 });
});

test("deleting a separator deletes the digit before it", () => {
  expect(typed({ text: "+49 3012345", caret: 6 }, "+49 30 12345", null)).toEqual({ text: "+49 31234 5", caret: 5 });
});
