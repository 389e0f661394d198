/** What the gateway would accept now, by the call's state and stage: the same table as its own. Pure. */
import type { Call, Capabilities, Party } from "../../api/types";

export interface Verbs {
  hold: boolean;
  resume: boolean;
  hangUp: boolean;
  transfer: boolean;
  alternate: boolean;
  merge: boolean;
  complete: boolean;
  cancel: boolean;
  leave: boolean;
  fourth: boolean;
}

const NONE: Verbs = {
  hold: false,
  resume: false,
  hangUp: false,
  transfer: false,
  alternate: false,
  merge: false,
  complete: false,
  cancel: false,
  leave: false,
  fourth: false,
};

/** A supervised transfer that waits until its target is free; the caller talks with the agent meanwhile, or is on hold. */
export function isDeferred(call: Call): boolean {
  const waits = call.state === "talking" || call.stage === "held" || call.stage === "returning";
  return waits && call.transfer?.state === "deferred";
}

/** Somebody else's call, about which this agent is asked. */
export function isConsulted(call: Call, me: string | undefined): boolean {
  return me !== undefined && call.agent !== me && call.consult?.agent.id === me;
}

export function verbsOf(call: Call, me: string | undefined, may: Capabilities | undefined): Verbs {
  if (me === undefined) return NONE;
  if (isConsulted(call, me)) return { ...NONE, hangUp: call.consult?.accepted === true };
  if (call.agent !== me) return NONE;
  const transfers = may?.transfers === true;
  const mine = call.transfer?.by === me;
  const fourth = may?.four_way === true && !call.parties.some((party) => party.role === "fourth");
  if (call.state === "talking") {
    const deferred = isDeferred(call);
    return { ...NONE, hold: true, hangUp: true, transfer: transfers && !deferred, cancel: deferred && mine };
  }
  if (call.state === "connecting") return { ...NONE, hangUp: true };
  if (call.state !== "consulting") return NONE;
  switch (call.stage) {
    case "held":
      return {
        ...NONE,
        resume: !phoneHolds(call, me),
        hangUp: true,
        transfer: transfers && !isDeferred(call),
        cancel: isDeferred(call) && mine,
      };
    case "returning":
      return { ...NONE, cancel: isDeferred(call) && mine };
    case "ringing":
      // An unsupervised transfer to an external number is not allowed, so not halfway either.
      return { ...NONE, cancel: mine, complete: mine && !isExternal(call) };
    case "consulting":
    case "with_caller":
      return { ...NONE, alternate: mine, merge: mine, complete: mine, cancel: mine, fourth };
    case "conference":
      return { ...NONE, leave: mine, cancel: mine, hangUp: !mine, fourth };
    case "completing":
      return { ...NONE, cancel: mine };
    case "without_caller":
      return { ...NONE, hangUp: true };
    default:
      return NONE;
  }
}

/** By its own key; only there the call can be taken back. */
function phoneHolds(call: Call, me: string): boolean {
  return call.parties.some((party) => party.agent === me && party.phone_holds);
}

export interface PartyVerbs {
  mute: boolean;
  hold: boolean;
  drop: boolean;
}

/** Mute stands for unmute too, hold for resume. */
export function partyVerbsOf(call: Call, party: Party, me: string | undefined): PartyVerbs {
  const nothing = { mute: false, hold: false, drop: false };
  if (call.agent !== me || call.state !== "consulting") return nothing;
  const own = party.agent !== null && party.agent === me;
  const there = party.state === "talking" || party.state === "held";
  switch (call.stage) {
    case "consulting":
    case "with_caller":
      return { mute: there, hold: false, drop: party.role === "fourth" };
    case "without_caller":
      return { mute: there, hold: false, drop: party.role === "fourth" };
    case "conference":
      return {
        mute: there,
        hold: there && !own,
        drop: !own && (party.role === "target" || party.role === "fourth"),
      };
    default:
      return nothing;
  }
}

/** Whether everybody already is where the stage wants them; until then a verb is still under way. */
export function isSettled(call: Call, me: string | undefined): boolean {
  const own = call.parties.find((party) => party.agent !== null && party.agent === me);
  const caller = call.parties.find((party) => party.role === "caller");
  const target = call.parties.find((party) => party.role === "target");
  if (call.stage !== "conference" && call.stage !== "held" && call.parties.some((party) => party.phone_holds))
    return true;
  switch (call.stage) {
    case "consulting":
      return target !== undefined && hear(own, target);
    case "with_caller":
      return caller !== undefined && hear(own, caller);
    case "conference": {
      const there = call.parties.filter(
        (party) => !party.held && !party.phone_holds && party.state !== "dialing" && party.state !== "ringing",
      );
      return there.every((party) => party.state === "talking");
    }
    case "held":
      return caller?.state === "held";
    case "completing":
    case "returning":
      return false;
    default:
      return call.state !== "talking" || own === undefined || caller === undefined || hear(own, caller);
  }
}

/** Changes whenever something of the call changes that a verb could have brought about. */
export function signatureOf(call: Call): string {
  const parties = call.parties.map(
    (party) => `${party.id}:${party.state}:${party.muted}:${party.held}:${party.phone_holds}:${party.hears.join("+")}`,
  );
  return [call.state, call.stage, call.agent, call.transfer?.id, call.transfer?.state, ...parties].join("|");
}

export function isExternal(call: Call): boolean {
  const kind = call.transfer?.destination.kind;
  return kind === "number" || kind === "preset";
}

/** In one bridge, whoever of them is muted. */
function hear(one: Party | undefined, other: Party): boolean {
  if (one === undefined || one.state !== "talking" || other.state !== "talking") return false;
  return one.hears.includes(other.id) || other.hears.includes(one.id) || (one.muted && other.muted);
}
