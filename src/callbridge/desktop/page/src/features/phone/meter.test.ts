import { expect, test } from "vitest";
import { shown } from "./meter";

const tone = (amplitude: number) => Float32Array.from({ length: 1000 }, (_, n) => amplitude * Math.sin(n / 5));

test("silence shows nothing, a shout everything", () => {
  expect(shown(new Float32Array(1000))).toBe(0);
  expect(shown(tone(1))).toBe(1);
});

test("louder shows more", () => {
  const levels = [0.001, 0.01, 0.1, 0.5].map((amplitude) => shown(tone(amplitude)));
  expect(levels).toEqual([...levels].sort((a, b) => a - b));
  expect(levels[1]).toBeGreaterThan(0);
});
