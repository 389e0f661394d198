import { afterEach, describe, expect, test } from "vitest";
import type { AgentDelta, CheckAnswer, Party, Transfer } from "../../api/types";
import { language } from "../../texts/t";
import {
  failureText,
  notReachedText,
  listText,
  notReady,
  pictureText,
  type Plan,
  planText,
  refusalText,
  talkText,
  waitText,
  whoText,
} from "./sentences";

afterEach(() => {
  language.value = "en";
});

const plan: Plan = {
  call: { caller_name: "Anna Berg", caller_number: "+493012345" },
  target: { kind: "group", id: "win", name: "Windows Support" },
  way: "unsupervised",
  mode: null,
  deferred: false,
  free: null,
};
const ben = { kind: "agent", id: "ben", name: "Ben Ode" } as const;

test("what will happen is one sentence with both names", () => {
  expect(planText(plan)).toBe("Anna Berg's call goes to Windows Support.");
  expect(planText({ ...plan, way: "supervised" })).toBe(
    "You talk with Windows Support first; Anna Berg hears music meanwhile.",
  );
  language.value = "de";
  expect(planText(plan)).toBe("Der Anruf von Anna Berg geht an Windows Support.");
});

test("without a name it is the number, without a number the caller", () => {
  expect(planText({ ...plan, call: { caller_name: "", caller_number: "+493012345" } })).toBe(
    "The call from +49 30 12345 goes to Windows Support.",
  );
  const unknown = { caller_name: "", caller_number: "" };
  expect(planText({ ...plan, call: unknown })).toBe("The call goes to Windows Support.");
  expect(planText({ ...plan, call: unknown, way: "supervised" })).toContain("the caller hears music");
});

test("to an agent: as soon as they are free, now, or while one waits for them", () => {
  expect(planText({ ...plan, target: ben, mode: "soft", free: true })).toBe("Anna Berg's call goes to Ben Ode.");
  expect(planText({ ...plan, target: ben, mode: "soft", free: false })).toContain("as soon as they are free");
  expect(planText({ ...plan, target: ben, mode: "hard", free: false })).toContain("now, whatever they are doing");
  expect(planText({ ...plan, target: ben, way: "supervised", deferred: true })).toContain(
    "You stay with Anna Berg until",
  );
});

/** Every state of an agent, as the stream shows it and as the gateway judges it for a soft or supervised transfer. */
const STATES: [state: string, phone: string, code: string | null][] = [
  ["available", "idle", null],
  ["available", "unknown", null],
  ["available", "in_use", "phone_in_use"],
  ["available", "unreachable", "phone_unreachable"],
  ["offered", "in_use", "has_an_offer"],
  ["on_call", "in_use", "at_maximum_sessions"],
  ["wrap_up", "idle", "wrap_up"],
  ["busy", "idle", "busy"],
  ["busy", "idle", "missed_offer"],
  ["offline", "unreachable", "offline"],
  ["offline", "idle", "offline"],
];

describe.each(STATES)("to an agent who is %s, whose phone is %s, judged %s", (state, phone, code) => {
  const agent = { id: "ben", state, phone } as AgentDelta;
  const judged = (asked: string | null) =>
    asked === null
      ? answer({ eligible: [ben], back_after: 300 })
      : answer({ others: [{ id: "ben", name: "Ben Ode", code: asked, reason: "x" }], back_after: 300 });
  const said = (more: Partial<Plan>, asked: string | null) => {
    const why = notReady(agent, judged(asked), more.mode ?? null);
    return planText({ ...plan, target: ben, free: asked === null, why, back: 300, rings: 20, ...more });
  };

  test("soft: they wait until the agent is free, and are back after the longest wait", () => {
    const text = said({ mode: "soft" }, code);
    if (code === null) return expect(text).toBe("Anna Berg's call goes to Ben Ode.");
    expect(text).toMatch(/^Ben Ode (is|has|did)/);
    expect(text).toContain("as soon as they are free. If nobody takes it within 5 minutes, it comes back to you.");
  });

  test("hard: the phone rings whatever they do; who has an offer is rung after it", () => {
    const text = said({ mode: "hard" }, code === "has_an_offer" ? code : null);
    if (state === "available" && (phone === "idle" || phone === "unknown"))
      return expect(text).toBe("Anna Berg's call goes to Ben Ode now, whatever they are doing.");
    expect(text).toMatch(/^Ben Ode (is|has) /);
    if (phone === "unreachable") expect(text).toContain("If the phone cannot be rung, it comes back to you.");
    else if (code === "has_an_offer")
      expect(text).toContain("as soon as that offer is over. If nobody takes it within 5");
    else expect(text).toContain("all the same. If nobody takes it within 20 seconds, it comes back to you.");
  });

  test("supervised: talked with first, or the caller stays until they are free; a refusal says why", () => {
    if (code === null) expect(said({ way: "supervised" }, null)).toContain("You talk with Ben Ode first");
    else {
      const waits = said({ way: "supervised", deferred: true }, code);
      expect(waits).toMatch(/^Ben Ode (is|has|did).*You stay with Anna Berg until Ben Ode is free/);
      const refused = { ...judged(code), allowed: false, code: "target_not_available" };
      expect(refusalText(refused, ben, "supervised")).toMatch(/^Ben Ode (is|has|did)/);
    }
  });

  test("in German too", () => {
    language.value = "de";
    if (code !== null) expect(said({ mode: "soft" }, code)).toMatch(/^Ben Ode .*Nimmt ihn innerhalb von 5 Minuten/);
  });
});

test("to a group of whom nobody is free: when the caller is back, where they do not wait on", () => {
  expect(planText({ ...plan, nobody: true, back: 90 })).toContain("within 90 seconds, it comes back to you.");
  expect(planText({ ...plan, nobody: true, back: null })).toBe("Anna Berg's call goes to Windows Support.");
  expect(planText({ ...plan, nobody: false, back: 90 })).toBe("Anna Berg's call goes to Windows Support.");
});

test("a caller's name cannot bring placeholders or lines of its own", () => {
  expect(planText({ ...plan, call: { caller_name: "{target}\nX", caller_number: "" } })).toBe(
    "{target} X's call goes to Windows Support.",
  );
});

test("waits are said no more exactly than they are known", () => {
  expect([null, 0, 8, 42, 89, 95, 600].map(waitText)).toEqual([
    "wait not known",
    "no wait",
    "a few seconds",
    "about 50 seconds",
    "about 90 seconds",
    "about 2 minutes",
    "about 10 minutes",
  ]);
});

const answer = (changes: Partial<CheckAnswer>): CheckAnswer => ({
  allowed: true,
  code: null,
  reason: null,
  can_wait: false,
  destination: { kind: "group", value: "win", name: "Windows Support", shown: null },
  eligible: [],
  others: [],
  waiting: 0,
  expected_wait: null,
  back_after: null,
  ...changes,
});

test("of a group it is said who is asked first, or how long it may take", () => {
  const eligible = [
    { id: "ben", name: "Ben" },
    { id: "carla", name: "Carla" },
  ];
  expect(whoText(answer({ eligible }), plan.target)).toBe("Ben is asked first; 1 more free.");
  expect(whoText(answer({ eligible, waiting: 3 }), plan.target)).toBe("3 calls wait before this one.");
  expect(whoText(answer({ expected_wait: 120 }), plan.target)).toBe("Nobody is free now. Expected: about 2 minutes.");
  expect(whoText(answer({}), plan.target)).toBe("Nobody is free now, and how long it takes is not known.");
  expect(whoText(answer({}), ben)).toBeNull();
});

test("a refusal says what is the matter with this target", () => {
  const refused = answer({
    allowed: false,
    code: "target_not_available",
    others: [{ id: "ben", name: "Ben Ode", code: "wrap_up", reason: "is still in wrap-up" }],
  });
  expect(refusalText(refused, ben, "supervised")).toBe("Ben Ode is in wrap-up.");
  const noLine = answer({ allowed: false, code: "external_not_allowed" });
  expect(refusalText(noLine, { kind: "number", id: "1", shown: null }, "supervised")).toContain("no outside line");
});

const failed = (changes: Partial<Transfer>) =>
  ({
    destination: { kind: "agent", value: "ben", name: "Ben $& Ode", shown: null },
    state: "failed",
    ...changes,
  }) as Transfer;

test("a failed transfer says why, and that the caller is back", () => {
  expect(failureText(failed({ failure: "no_answer" }), true)).toBe(
    "Ben $& Ode did not answer. You have the caller again.",
  );
  const busy = { reason: "busy", cause: 17, sip_status: 486 } as const;
  expect(failureText(failed({ failure: "rejected", said: busy }), false)).toBe("Ben $& Ode is busy.");
  expect(failureText(failed({ failure: "number_changed" }), false)).toBe("The number of Ben $& Ode has changed.");
  expect(notReachedText({ number: "+49 30 1", said: { reason: "network_trouble", cause: 34, sip_status: 503 } })).toBe(
    "The network could not reach +49 30 1. Try again later.",
  );
  expect(failureText(failed({ failure: "something_new" }), false)).toBe("The transfer to Ben $& Ode did not succeed.");
  expect(failureText(failed({ state: "cancelled", failure: "cancelled" }), true)).toContain("cancelled");
});

const party = (id: string, changes: Partial<Party>): Party => ({
  id,
  role: "target",
  agent: null,
  name: null,
  number: null,
  state: "talking",
  muted: false,
  phone_holds: false,
  held: false,
  external: false,
  hears: [],
  ...changes,
});

test("the picture in words: who hears whom, who is on hold, and whom I talk with", () => {
  const parties = [
    party("caller", { role: "caller", name: "Anna Berg", state: "held" }),
    party("leg-1", { role: "agent", agent: "me", name: "My Self", hears: ["leg-2"] }),
    party("leg-2", { agent: "ben", name: "Ben Ode", hears: ["leg-1"], muted: true }),
  ];
  expect(pictureText(parties, "me")).toBe(
    "Anna Berg: on hold, hears music. You: hear Ben Ode. Ben Ode: hears you, muted.",
  );
  expect(talkText(parties, "me")).toBe("You talk with Ben Ode. Anna Berg is on hold.");
  expect(talkText([parties[0] as Party], "me")).toBe("You talk with nobody now. Anna Berg is on hold.");
});

test("a phone that holds by its own key is said, and where that ends", () => {
  const parties = [
    party("caller", { role: "caller", name: "Anna Berg", state: "held" }),
    party("leg-1", { role: "agent", agent: "me", state: "held", phone_holds: true }),
    party("leg-2", { agent: "ben", name: "Ben Ode", state: "held" }),
  ];
  expect(talkText(parties, "me")).toBe(
    "You talk with nobody now. Anna Berg and Ben Ode are on hold. Your phone is on hold: take the call back there.",
  );
  expect(talkText(parties, "ben")).toBe(
    "You talk with nobody now. Anna Berg is on hold. Agent: the phone is on hold, until it is taken back there.",
  );
  expect(pictureText(parties, "me")).toContain("You: the phone is on hold.");
});

test("lists are read as people say them", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listText)).toEqual(["", "a", "a and b", "a, b and c"]);
});
