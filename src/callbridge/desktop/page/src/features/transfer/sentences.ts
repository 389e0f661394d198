/** What is said about transfers, from plain data: no component in here. */
import type { AgentDelta, Call, CheckAnswer, Party, Transfer } from "../../api/types";
import { language, t, tOr } from "../../texts/t";
import { oneLine } from "../../ui/harmless";
import { phoneNumber } from "../../ui/number";
import { nobodyShown } from "../calls/words";

export type Way = "supervised" | "unsupervised";
export type Mode = "soft" | "hard";

export type Target =
  | { kind: "agent" | "group"; id: string; name: string }
  | { kind: "preset"; id: string; name: string; shown: string }
  /** As it is typed; `shown` as the gateway reads it. */
  | { kind: "number"; id: string; shown: string | null };

type Caller = Pick<Call, "caller_name" | "caller_number"> & Partial<Pick<Call, "caller_withheld">>;

/** "Anna Berg", else the number, else that it is not known. */
export function callerName(call: Caller): string {
  return nameOf(call) || nobodyShown(call);
}

/** In the middle of a sentence. */
function theCaller(call: Caller): string {
  return nameOf(call) || t("transfer.theCaller");
}

function nameOf(call: Caller): string {
  return oneLine(call.caller_name) || (call.caller_number && phoneNumber(call.caller_number));
}

/** "Anna Berg's call", "The call from +49 30 12345", "The call". */
export function theCall(call: Caller): string {
  const name = oneLine(call.caller_name);
  if (name) return t("transfer.callOf", { name });
  if (call.caller_number) return t("transfer.callFrom", { number: phoneNumber(call.caller_number) });
  return t("transfer.callOfUnknown");
}

export function targetName(target: Target): string {
  return target.kind === "number" ? (target.shown ?? target.id) : target.name;
}

export interface Plan {
  call: Caller;
  target: Target;
  way: Way;
  mode: Mode | null;
  deferred: boolean;
  /** Of an agent: whether they could take it now; null: not known. */
  free: boolean | null;
  /** Why the agent is not ready for it now, as a code of `transfer.why`; null: they are. */
  why?: string | null;
  /** Seconds after which the caller is back, where nobody takes the call; null: they wait on. */
  back?: number | null;
  /** Seconds for which a phone rings. */
  rings?: number;
  /** Of a group: whether somebody of it could take it now. */
  nobody?: boolean;
}

/** What will happen, in one sentence. */
export function planText(plan: Plan): string {
  const { call, target, way, mode, deferred, free, why = null, back = null, rings = 0, nobody = false } = plan;
  const name = targetName(target);
  const notReady =
    why === null || target.kind !== "agent" ? "" : t("transfer.notAvailable", { name, why: whyText(why) });
  const sentences = (...all: string[]) => all.filter(Boolean).join(" ");
  const values = { call: theCall(call), target: name };
  if (way === "supervised") {
    const both = { caller: theCaller(call), target: name };
    return deferred ? sentences(notReady, t("transfer.plan.deferred", both)) : t("transfer.plan.supervised", both);
  }
  const comesBack = back === null ? "" : t("transfer.plan.back", { time: timeText(back) });
  if (target.kind !== "agent") return sentences(t("transfer.plan.unsupervised", values), nobody ? comesBack : "");
  if (mode === "hard") {
    if (why === null) return t("transfer.plan.hard", values);
    const unanswered = t("transfer.plan.back", { time: timeText(rings) });
    if (why === "phone_unreachable") return sentences(notReady, t("transfer.plan.hardTried", values));
    if (why === "has_an_offer") return sentences(notReady, t("transfer.plan.hardNext", values), comesBack);
    return sentences(notReady, t("transfer.plan.hardRings", values), unanswered);
  }
  if (free === false) return sentences(notReady, t("transfer.plan.soft", values), comesBack);
  return t("transfer.plan.unsupervised", values);
}

/** "20 seconds", "5 minutes". */
export function timeText(seconds: number): string {
  const whole = Math.round(seconds);
  return whole >= 120 && whole % 60 === 0
    ? t("common.minutes", { count: whole / 60 })
    : t("common.seconds", { count: whole });
}

/**
 * Why an agent is not ready for a call that comes now, as a code of `transfer.why`; null: they are. Where the gateway
 * says why they are not asked, that is it; a hard transfer rings them whatever they do, so the state says it.
 */
export function notReady(agent: AgentDelta | undefined, answer: CheckAnswer, mode: Mode | null): string | null {
  const other = agent === undefined ? undefined : answer.others.find(({ id }) => id === agent.id);
  if (other !== undefined) return other.code;
  if (agent === undefined || mode !== "hard") return null;
  if (agent.phone === "unreachable") return "phone_unreachable";
  switch (agent.state) {
    case "available":
      return agent.phone === "in_use" ? "phone_in_use" : null;
    case "offered":
      return "has_an_offer";
    default:
      return agent.state;
  }
}

/** "about 2 minutes"; never more exact than it is known. */
export function waitText(seconds: number | null): string {
  if (seconds === null) return t("transfer.wait.unknown");
  if (seconds <= 0) return t("transfer.wait.none");
  if (seconds < 15) return t("transfer.wait.moments");
  if (seconds < 90) return t("transfer.wait.seconds", { count: Math.ceil(seconds / 10) * 10 });
  return t("transfer.wait.minutes", { count: Math.round(seconds / 60) });
}

/** Who would be asked, and how long it may take; null: there is nothing to say, such as for a number. */
export function whoText(answer: CheckAnswer, target: Target): string | null {
  if (target.kind !== "group") return null;
  const [first] = answer.eligible;
  if (first === undefined) {
    if (answer.expected_wait === null) return t("transfer.who.nobodyUnknown");
    return t("transfer.who.nobody", { wait: waitText(answer.expected_wait) });
  }
  const more = answer.eligible.length - 1;
  if (answer.waiting >= answer.eligible.length) return t("transfer.who.queue", { count: answer.waiting });
  return more === 0
    ? t("transfer.who.first", { name: first.name })
    : t("transfer.who.firstOf", { name: first.name, count: more });
}

/** Why an agent would not be asked: the page's words for the gateway's code. */
export function whyNotText(other: { code: string; reason: string }): string {
  return tOr(`transfer.why.${other.code}`, other.reason);
}

function whyText(code: string): string {
  return tOr(`transfer.why.${code}`, code.replaceAll("_", " "));
}

/** A refusal of the check, as a sentence. Some codes mean more than one thing there. */
export function refusalText(answer: CheckAnswer, target: Target, way: Way): string {
  if (answer.code === "external_not_allowed" && way === "supervised") return t("transfer.noOutsideLine");
  if (answer.code === "target_not_available") {
    const why = answer.others.find((other) => other.id === target.id);
    if (why) return t("transfer.notAvailable", { name: targetName(target), why: whyNotText(why) });
  }
  // The gateway, which speaks English, knows which rule it was: emergency, premium rate, or the administrator's.
  if (answer.code === "number_not_allowed" && language.value === "en" && answer.reason) return answer.reason;
  return tOr(`problem.${answer.code}`, answer.reason ?? t("problem.unexpected"));
}

export function destinationName({ destination }: Transfer): string {
  return destination.name ?? destination.shown ?? destination.value;
}

/** What became of a transfer of mine that did not succeed. `back`: whether the caller is with me. */
export function failureText(transfer: Transfer, back: boolean): string {
  const name = destinationName(transfer);
  // A phone that says busy is told as that, though for the queue it is as good as pressing Reject.
  const code = transfer.failure === "rejected" && transfer.said?.reason === "busy" ? "busy" : String(transfer.failure);
  const why = transfer.state === "cancelled" ? t("transfer.failed.cancelled") : failedText(code, name);
  return back ? `${why} ${t("transfer.failed.back")}` : why;
}

/** Why somebody was not reached, by the gateway's code. */
function failedText(code: string, name: string): string {
  return tOr(`transfer.failed.${code}`, t("transfer.failed.other", { name })).replaceAll("{name}", () => name);
}

/** Why a number that was called besides was not reached. */
export function notReachedText(failure: NonNullable<Call["fourth_failure"]>): string {
  return failedText(failure.said.reason, failure.number);
}

// ---------------------------------------------------------------- during the transfer

export function partyName(party: Party, me: string | undefined): string {
  if (party.agent !== null && party.agent === me) return t("controls.you");
  return oneLine(party.name ?? "") || party.number || t(`controls.role.${party.role}`);
}

/** "hears you and Carla Diaz", "on hold", "rings". */
export function partyStateText(party: Party, parties: readonly Party[], me: string | undefined): string {
  const own = party.agent !== null && party.agent === me;
  if (party.state === "dialing" || party.state === "ringing" || party.state === "answered") {
    return t(`controls.party.${party.state}`);
  }
  if (party.phone_holds) return t("controls.party.phoneHolds");
  const heard = parties.filter((other) => party.hears.includes(other.id));
  if (heard.length === 0) {
    if (party.state === "held" && !own) return t("controls.party.held");
    return own ? t("controls.party.youHearNobody") : t("controls.party.hearsNobody");
  }
  const names = listText(heard.map((other) => nameIn(other, me)));
  return own ? t("controls.party.youHear", { names }) : t("controls.party.hears", { names });
}

/** All of it, for those who do not see the picture. */
export function pictureText(parties: readonly Party[], me: string | undefined): string {
  return parties
    .map((party) => {
      const muted = party.muted ? `, ${t("controls.party.muted")}` : "";
      return `${partyName(party, me)}: ${partyStateText(party, parties, me)}${muted}.`;
    })
    .join(" ");
}

/** Whom I talk with: those who hear me and whom I hear. */
export function talkText(parties: readonly Party[], me: string | undefined): string {
  const own = parties.find((party) => party.agent !== null && party.agent === me);
  const others = parties.filter((party) => party !== own);
  const heard = own === undefined ? [] : others.filter((party) => own.hears.includes(party.id));
  const hearing = own === undefined ? [] : others.filter((party) => party.hears.includes(own.id));
  const both = others.filter((party) => heard.includes(party) || hearing.includes(party));
  const said = [
    both.length > 0
      ? t("controls.talkWith", { names: listText(both.map((party) => nameIn(party, me))) })
      : t("controls.talkWithNobody"),
  ];
  const held = others.filter((party) => party.state === "held" && !party.phone_holds);
  const names = listText(held.map((party) => nameIn(party, me)));
  if (held.length > 0) said.push(t(held.length === 1 ? "controls.oneHeld" : "controls.moreHeld", { names }));
  return [...said, phonesText(parties, me)].filter((text) => text !== "").join(" ");
}

/** Whose phones are on hold by their own key, and where that ends; empty where none is. */
export function phonesText(parties: readonly Party[], me: string | undefined): string {
  const holding = parties.filter((party) => party.phone_holds);
  const others = holding.filter((party) => party.agent === null || party.agent !== me);
  const said = others.length < holding.length ? [t("controls.takeBack")] : [];
  if (others.length > 0) {
    said.push(t("controls.phoneHolds", { names: listText(others.map((party) => nameIn(party, me))) }));
  }
  return said.join(" ");
}

/** "Anna, Ben and Carla". */
export function listText(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} ${t("common.and")} ${last}`;
}

function nameIn(party: Party, me: string | undefined): string {
  return party.agent !== null && party.agent === me ? t("controls.youThere") : partyName(party, me);
}
