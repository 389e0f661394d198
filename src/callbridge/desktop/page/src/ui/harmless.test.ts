import { describe, expect, it } from "vitest";
import { oneLine, visible, webAddress } from "./harmless";

describe("text that others chose", () => {
  it("stays as it is where it is harmless", () => {
    for (const text of ["Zoë Müller-Łukasz 東京 🎷", "<script>alert(1)</script>", "שלום", "a\tb\nc", ""]) {
      expect(visible(text)).toBe(text);
    }
  });

  it("shows control characters", () => {
    expect(visible("one\r\ntwo\u0000three\u001b[31m\u007f\u0085")).toBe("one\ntwo␀three␛[31m␡\ufffd");
  });

  it("is not turned round", () => {
    expect(visible("abc\u202edef\u2066ghi\u2069")).toBe("abc\ufffddef\ufffdghi\ufffd");
  });

  it("fits on one line where it has to", () => {
    expect(oneLine(" Max\r\n\r\nEvent: Hangup\u2028x")).toBe("Max Event: Hangup x");
  });
});

describe("an address", () => {
  it("leads to a web page or nowhere", () => {
    expect(webAddress("https://crm.example/?a=b")?.host).toBe("crm.example");
    expect(webAddress("http://crm.example")?.protocol).toBe("http:");
    for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc", "//crm.example", "x", "", null]) {
      expect(webAddress(text)).toBe(null);
    }
  });
});
