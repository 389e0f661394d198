import { beforeEach, describe, expect, it } from "vitest";
import type { Call, Party } from "../../api/types";
import { language } from "../../texts/t";
import { activityOf, callerName, partOf, stateText, targetName } from "./words";

function call(more: Partial<Call> = {}): Call {
  return {
    id: "c-1",
    state: "talking",
    stage: null,
    agent: "anna",
    caller_name: "Max",
    caller_number: "+493012345678",
    consult: null,
    transfer: null,
    parties: [],
    outcome: null,
    ended_at: null,
    ...more,
  } as Call;
}

function party(id: string, more: Partial<Party> = {}): Party {
  return { id, role: "agent", agent: null, name: null, number: null, state: "talking", hears: [], ...more } as Party;
}

const asked: Partial<Call> = {
  state: "consulting",
  agent: "anna",
  consult: { agent: { id: "bernd", name: "Bernd" }, deadline: null, offer: "o-1", accepted: true, preview: null },
};

describe("a call in words", () => {
  beforeEach(() => {
    language.value = "en";
  });

  it("says whose part it is", () => {
    expect(partOf(call(), "anna")).toBe("mine");
    expect(partOf(call(asked), "bernd")).toBe("asked");
    expect(partOf(call(asked), "carla")).toBe("over");
    expect(partOf(call({ ended_at: "2027-01-15T08:00:00Z" }), "anna")).toBe("over");
    expect(partOf(call({ state: "ending" }), "anna")).toBe("over");
  });

  it("says what happens in it", () => {
    expect(stateText(call(), "anna")).toBe("Talking");
    expect(stateText(call({ state: "connecting" }), "anna")).toBe("Connecting");
    expect(stateText(call({ state: "consulting", stage: "held" }), "anna")).toBe("On hold");
    expect(stateText(call({ ...asked, stage: "consulting" }), "anna")).toBe("With Bernd, caller on hold");
    expect(stateText(call({ ...asked, stage: "ringing" }), "anna")).toBe("Calling Bernd, caller on hold");
    expect(stateText(call({ ...asked, stage: "conference" }), "anna")).toBe("In a conference");
  });

  it("says it from the point of view of whoever is consulted", () => {
    expect(stateText(call({ ...asked, stage: "consulting" }), "bernd")).toBe("anna consults you");
    expect(stateText(call({ ...asked, stage: "with_caller" }), "bernd")).toBe("On hold, anna talks with the caller");
    expect(stateText(call({ ...asked, stage: "completing" }), "bernd")).toBe("Being handed over to you");
  });

  it("says how it ended, and that it goes on elsewhere", () => {
    expect(stateText(call({ state: "ended", outcome: "abandoned" }), "anna")).toBe("The caller has hung up");
    expect(stateText(call({ state: "ending" }), "anna")).toBe("Over");
    expect(stateText(call({ agent: "bernd" }), "anna")).toBe("With bernd now");
    expect(stateText(call({ agent: null, state: "waiting" }), "anna")).toBe("On the way to somebody else");
  });

  describe.each(["unsupervised", "supervised"] as const)("a call that I have given away, %s,", (kind) => {
    const destination = { kind: "agent", value: "carla", name: "Carla", shown: null };
    const external = { kind: "number", value: "+4940", name: null, shown: "+49 40" };
    const went = (state: string, more: object = {}, at: Partial<Call> = {}) =>
      stateText(
        call({
          agent: null,
          state: "waiting",
          transfer: { by: "anna", kind, state, destination, taken_by: null, ...more } as unknown as Call["transfer"],
          ...at,
        }),
        "anna",
      );

    it.each([
      ["moving", "Waits for Carla"],
      ["waiting", "Waits for Carla"],
      ["deferred", "Waits for Carla"],
      ["offered", "Rings at Carla"],
      ["ringing", "Rings at Carla"],
      ["consulting", "Waits for Carla"],
      ["failed", "Not taken by Carla"],
      ["cancelled", "Transfer cancelled"],
    ])("is %s: %s", (state, text) => {
      expect(went(state)).toBe(text);
    });

    it("is handed over: to whom, whatever else the page knows of it, and never 'on the way' afterwards", () => {
      expect(went("completed", { taken_by: "carla" })).toBe("Handed over to carla");
      expect(went("completed", { taken_by: "carla" }, { agent: "carla", state: "talking" })).toBe(
        "Handed over to carla",
      );
      expect(went("completed", { taken_by: "carla" }, { agent: "dora", state: "consulting" })).toMatch(/^Handed over/);
      expect(went("completed", { destination: external }, { state: "external" })).toBe("Handed over to +49 40");
    });

    it("is over: how it ended", () => {
      expect(went("completed", { taken_by: "carla" }, { state: "ended", outcome: "handled" })).toBe("Over");
      expect(went("waiting", {}, { state: "ended", outcome: "abandoned" })).toBe("The caller has hung up");
    });
  });

  it("names a target that is no agent", () => {
    const destination = { kind: "number", value: "+4940555777", name: null, shown: "+49 40 555777" };
    const transfer = { destination } as unknown as Call["transfer"];
    expect(targetName(call({ transfer }))).toBe("+49 40 555777");
    const parties = [party("leg-2", { role: "target", name: "Plumber" })];
    expect(targetName(call({ transfer, parties }))).toBe("Plumber");
    expect(targetName(call())).toBe("the other party");
  });

  it("names a caller by name, number, or not at all", () => {
    expect(callerName(call())).toBe("Max");
    expect(callerName(call({ caller_name: "" }))).toBe("+49 30 12345678");
    expect(callerName(call({ caller_name: " \n", caller_number: "" }))).toBe("Unknown caller");
    expect(callerName(call({ caller_name: "", caller_number: "", caller_withheld: true }))).toBe("Number withheld");
  });
});

describe("whether I talk in it", () => {
  it("is what the PBX shows, not what was meant", () => {
    const hears = (...ids: string[]) => [party("leg-1", { agent: "anna", hears: ids })];
    expect(activityOf(call({ parties: hears("caller") }), "anna")).toBe("talking");
    expect(activityOf(call({ state: "consulting", stage: "held", parties: hears() }), "anna")).toBe("held");
    const parties = [party("leg-2", { agent: "bernd", state: "held" })];
    expect(activityOf(call({ ...asked, stage: "with_caller", parties }), "bernd")).toBe("held");
    expect(activityOf(call({ state: "connecting" }), "anna")).toBe("busy");
    expect(activityOf(call({ state: "ended" }), "anna")).toBe("over");
  });
});
