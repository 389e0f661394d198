import { beforeEach, describe, expect, it } from "vitest";
import { ApiProblem } from "../api/problem";
import { language, problemText, reasonText, t, tOr } from "./t";
import { de, en, type Key } from "./texts";

const names = (text: string | { one: string; other: string }) =>
  [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

describe("texts", () => {
  beforeEach(() => {
    language.value = "en";
  });

  it("take values, and follow the language", () => {
    expect(t("state.now", { state: "Busy", time: "01:05" })).toBe("Busy for 01:05");
    language.value = "de";
    expect(t("state.now", { state: "Beschäftigt", time: "01:05" })).toBe("Beschäftigt seit 01:05");
    expect(document.documentElement.lang).toBe("de");
  });

  it("know one and many", () => {
    expect(t("common.seconds", { count: 1 })).toBe("1 second");
    expect(t("common.seconds", { count: 0 })).toBe("0 seconds");
  });

  it("never read a value as a text of their own", () => {
    expect(t("state.now", { state: "{time}", time: "<b>" })).toBe("{time} for <b>");
  });

  it("have the same values in both languages, and are never empty", () => {
    for (const key of Object.keys(en) as Key[]) {
      expect(new Set(names(de[key])), key).toEqual(new Set(names(en[key])));
      expect(de[key], key).not.toBe("");
    }
  });

  it("say what the gateway says where the page has no words for it", () => {
    expect(problemText(new ApiProblem({ status: 409, code: "brand_new", detail: "Something new." }))).toBe(
      "Something new.",
    );
    expect(problemText(new ApiProblem({ status: 401, code: "wrong_login" }))).toBe("Name or password is wrong.");
    expect(reasonText("dentist")).toBe("dentist");
    expect(tOr("constructor", "no")).toBe("no");
  });
});
