import { expect, test } from "vitest";
import { reasonOf } from "./microphone";

test("what stands in the way of a microphone is one of the page's words", () => {
  expect(reasonOf(new DOMException("", "NotAllowedError"))).toBe("denied");
  expect(reasonOf(new DOMException("", "NotReadableError"))).toBe("busy");
  expect(reasonOf(new DOMException("", "NotFoundError"))).toBe("missing");
  expect(reasonOf(new Error("anything"))).toBe("missing");
});
