import { beforeEach, describe, expect, it, test } from "vitest";
import type { Next, Offer } from "../../api/types";
import { language } from "../../texts/t";
import { missedText } from "../calls/missed";
import { nextText, outcomeOf } from "./outcomes";

const offer = (more: Partial<Offer>) =>
  ({ id: "o-1", kind: "group", state: "pending", reason: null, ...more }) as Offer;
const preview = { caller_name: "Max", transferred_by: { id: "anna", name: "Anna" } } as Offer["preview"];
const made = offer({ preview });
const anna = { id: "anna", name: "Anna" };
const group: Next = { kind: "group", agent: null, group: { id: "sales", name: "Sales" } };
const to = (kind: "agent" | "recall" | "asker", agent = anna): Next => ({ kind, agent, group: null });
const nobody = (kind: "fallback" | "over"): Next => ({ kind, agent: null, group: null });

beforeEach(() => {
  language.value = "en";
});

/** What can become of the call, by the kind of the offer that came to nothing; as the gateway says it. */
const WALK: [kind: Offer["kind"], next: Next, said: string][] = [
  ["group", group, "The next free agent of Sales is asked."],
  ["group", nobody("fallback"), "The phone system’s own fallback has the caller."],
  ["agent_soft", to("recall"), "The call goes back to Anna."],
  ["agent_soft", group, "The next free agent of Sales is asked."],
  ["agent_soft", nobody("fallback"), "The phone system’s own fallback has the caller."],
  ["agent_hard", to("recall"), "The call goes back to Anna."],
  ["agent_hard", group, "The next free agent of Sales is asked."],
  ["agent_hard", to("agent", { id: "me", name: "Me" }), "The call still waits for you."],
  ["recall", group, "The next free agent of Sales is asked."],
  ["recall", nobody("fallback"), "The phone system’s own fallback has the caller."],
  ["recall", to("recall", { id: "me", name: "Me" }), "The call comes back to you."],
  ["consult", group, "The next free agent of Sales is asked."],
  ["consult", to("asker"), "Anna has the caller again."],
  ["consult", to("recall"), "The call goes back to Anna."],
  ["consult", nobody("over"), "The call is over."],
];

describe.each(WALK)("an offer of the kind %s, and then %o", (kind, next, said) => {
  it("that was missed says what really became of the call", () => {
    const missed = { made: offer({ kind, preview }), ended: offer({ kind, state: "timed_out" }), next };
    const text = missedText(missed, false, "me");
    expect(text.endsWith(said)).toBe(true);
    expect(text.startsWith(kind === "consult" ? "Anna wanted to talk with you" : "You")).toBe(true);
    expect(missedText(missed, true, "me")).toBe(`Your phone could not be reached. ${said} See that your phone works.`);
  });

  it("that was rejected or taken back says it too", () => {
    const ended = (state: Offer["state"], reason: string) =>
      outcomeOf(offer({ kind, state, reason }), next, made, "me");
    expect(ended("rejected", "button")).toBe(`Rejected. ${said}`);
    expect(ended("rescinded", "unreachable")).toBe(`Your phone could not be reached. ${said}`);
    expect(ended("rescinded", "agent_left")).toMatch(said);
  });

  it("says it in German", () => {
    language.value = "de";
    expect(nextText(next, "me")).not.toBe("");
    expect(nextText(next, "me")).not.toBe(said);
  });
});

test("what is not known is not said, such as after a reload", () => {
  expect(missedText(null, false, "me")).toBe("You did not answer an offer.");
  expect(missedText(null, true, "me")).toBe("Your phone could not be reached. See that your phone works.");
  expect(outcomeOf(offer({ state: "rejected" }), null, made, "me")).toBe("Rejected.");
});

describe("how an offer ended", () => {
  it("is said where the page does not show it anyway", () => {
    expect(outcomeOf(offer({ state: "accepted" }), null, made, "me")).toBe(null);
    expect(outcomeOf(offer({ state: "timed_out" }), group, made, "me")).toBe(null);
  });

  it("tells a caller who hung up from an offer that was taken back", () => {
    const hungUp = offer({ state: "cancelled", reason: "caller_hung_up" });
    expect(outcomeOf(hungUp, nobody("over"), made, "me")).toBe("The caller has hung up.");
    expect(outcomeOf(offer({ state: "rescinded", reason: "leg_lost" }), group, made, "me")).toMatch(/taken back/);
    const trouble = offer({ state: "rescinded", reason: "network_trouble" });
    expect(outcomeOf(trouble, group, made, "me")).toMatch(/^The network/);
  });

  it("names whoever asked, in a consultation", () => {
    const withdrawn = offer({ kind: "consult", state: "cancelled" });
    expect(outcomeOf(withdrawn, to("asker"), made, "me")).toBe("Anna does not need you any more.");
    expect(outcomeOf(withdrawn, null, null, "me")).toMatch(/^A colleague/);
  });
});
