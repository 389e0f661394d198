import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../api/types";
import { language } from "../../texts/t";
import { de, en } from "../../texts/texts";
import { type Entry, entryReason, entryText } from "./entries";

const CALL = { group: { id: "support", name: "Support" } } as Call;
const entry = (kind: string, detail: Entry["detail"] = {}, agent: string | null = "anna"): Entry => ({
  at: "2027-01-15T08:00:00Z",
  kind,
  agent,
  detail,
});

describe("an entry of the history", () => {
  beforeEach(() => {
    language.value = "en";
  });

  it("is a sentence", () => {
    expect(entryText(entry("call.arrived", { group: "sales" }, null), CALL)).toBe("The call arrived for sales");
    expect(entryText(entry("offer.timed_out"), CALL)).toBe("anna did not answer");
    expect(entryText(entry("call.handed_over", { by: "anna", external: true }), CALL)).toBe(
      "Handed over to an external party",
    );
    const asked = { kind: "agent", destination: "bernd", supervised: true };
    expect(entryText(entry("transfer.requested", asked), CALL)).toBe("anna consults bernd");
    expect(entryText(entry("transfer.requested", { ...asked, supervised: false }), CALL)).toBe(
      "anna transfers to bernd",
    );
  });

  it("of a kind that is not known is shown by its name", () => {
    expect(entryText(entry("call.sung_to"), CALL)).toBe("call.sung_to");
  });

  it("gives its reason", () => {
    expect(entryReason(entry("offer.rejected", { reason: "phone" }))).toBe("on the phone");
    expect(entryReason(entry("transfer.refused", { code: "no_such_thing" }))).toBe("no such thing");
    expect(entryReason(entry("call.connected"))).toBe(null);
    const busy = { said: "busy", cause: 17, sip_status: 486 };
    expect(entryReason(entry("leg.ended", busy))).toBe("busy (Q.850 17, SIP 486)");
    expect(entryReason(entry("transfer.failed", { failure: "rejected", ...busy }))).toBe("busy (Q.850 17, SIP 486)");
    expect(entryReason(entry("leg.ended", { said: "no_answer", cause: null, sip_status: null }))).toBe("no answer");
    expect(entryText(entry("leg.ended", { ...busy, number: "+49301" }, null), CALL)).toMatch(/^The number outside/);
    expect(entryText(entry("leg.ended", { cause: 44 }), CALL)).toBe("A phone was lost");
  });

  it("keeps to the names that a sentence can have", () => {
    for (const texts of [en, de]) {
      for (const [key, text] of Object.entries(texts)) {
        if (!key.startsWith("history.") || typeof text !== "string") continue;
        for (const [, name] of text.matchAll(/\{(\w+)\}/g)) expect(["agent", "group", "target"]).toContain(name);
      }
    }
  });
});
