import { beforeEach, describe, expect, it } from "vitest";
import type { Offer } from "../../api/types";
import { language } from "../../texts/t";
import { outcomeOf } from "./outcomes";

const offer = (more: Partial<Offer>) =>
  ({ id: "o-1", kind: "group", state: "pending", reason: null, ...more }) as Offer;
const made = offer({ preview: { transferred_by: { id: "anna", name: "Anna" } } as Offer["preview"] });

describe("how an offer ended", () => {
  beforeEach(() => {
    language.value = "en";
  });

  it("is said where the page does not show it anyway", () => {
    expect(outcomeOf(offer({ state: "accepted" }), made)).toBe(null);
    expect(outcomeOf(offer({ state: "timed_out" }), made)).toBe(null);
  });

  it("tells a caller who hung up from an offer that was taken back", () => {
    expect(outcomeOf(offer({ state: "cancelled", reason: "caller_hung_up" }), made)).toBe("The caller has hung up.");
    expect(outcomeOf(offer({ state: "rescinded", reason: "phone unreachable, cause 20" }), made)).toMatch(/phone/);
    expect(outcomeOf(offer({ state: "rescinded", reason: "agent_left" }), made)).toMatch(/somebody else/);
    expect(outcomeOf(offer({ state: "rescinded", reason: "leg_lost" }), made)).toMatch(/taken back/);
  });

  it("names whoever asked, in a consultation", () => {
    expect(outcomeOf(offer({ kind: "consult", state: "cancelled" }), made)).toBe("Anna does not need you any more.");
    expect(outcomeOf(offer({ kind: "consult", state: "rejected" }), null)).toMatch(/^Rejected: A colleague/);
  });
});
