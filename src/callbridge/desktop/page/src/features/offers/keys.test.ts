import { describe, expect, it } from "vitest";
import { answerOf, isTyping } from "./keys";

const pressed = (key: string, more: Partial<Parameters<typeof answerOf>[0]> = {}) => ({
  key,
  code: `Key${key.toUpperCase()}`,
  altKey: true,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  repeat: false,
  target: document.body,
  ...more,
});

function element(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
}

describe("shortcuts of an offer", () => {
  it("are Alt with A or R, and nothing else", () => {
    expect(answerOf(pressed("a"))).toBe("accept");
    expect(answerOf(pressed("R"))).toBe("reject");
    expect(answerOf(pressed("a", { altKey: false }))).toBe(null);
    expect(answerOf(pressed("a", { ctrlKey: true }))).toBe(null);
    expect(answerOf(pressed("a", { metaKey: true }))).toBe(null);
    expect(answerOf(pressed("a", { repeat: true }))).toBe(null);
    expect(answerOf(pressed("x"))).toBe(null);
  });

  it("are found by the place of the key where Alt writes something else", () => {
    expect(answerOf(pressed("å", { code: "KeyA" }))).toBe("accept");
    expect(answerOf(pressed("®", { code: "KeyR" }))).toBe("reject");
  });

  it("do nothing while somebody types", () => {
    for (const html of ["<input>", "<input type=search>", "<textarea></textarea>", "<select></select>"]) {
      expect(isTyping(element(html))).toBe(true);
      expect(answerOf(pressed("a", { target: element(html) }))).toBe(null);
    }
    for (const html of ["<button></button>", "<input type=checkbox>", "<p></p>"]) {
      expect(isTyping(element(html))).toBe(false);
    }
  });
});
