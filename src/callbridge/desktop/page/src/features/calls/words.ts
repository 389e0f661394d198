/** What a call is for the agent who looks at it, in words. Pure. */
import type { Call, Party, Transfer } from "../../api/types";
import { agentName } from "../../model/directory";
import { t } from "../../texts/t";
import { oneLine } from "../../ui/harmless";
import { shownNumber } from "../../ui/number";

/** `asked`: somebody consults me about their call. `over`: it has ended, or is somebody else's now. */
export type Part = "mine" | "asked" | "over";

export function partOf(call: Call, me: string | undefined): Part {
  if (call.ended_at !== null || call.state === "ending" || call.state === "ended") return "over";
  if (call.agent === me) return "mine";
  return call.consult?.agent.id === me ? "asked" : "over";
}

type Caller = Pick<Call, "caller_name" | "caller_number"> & Partial<Pick<Call, "caller_withheld">>;

export function callerName(call: Caller, region: string | null = null): string {
  return oneLine(call.caller_name) || shownNumber(call.caller_number, region) || nobodyShown(call);
}

/** What stands where neither name nor number is shown. */
export function nobodyShown(call: Partial<Pick<Call, "caller_withheld">> | null | undefined): string {
  return call?.caller_withheld ? t("common.withheld") : t("common.unknownCaller");
}

export function stateText(call: Call, me: string | undefined): string {
  const part = partOf(call, me);
  if (part === "over") return overText(call, me);
  if (part === "asked") {
    const name = agentName(call.agent);
    const texts: Partial<Record<NonNullable<Call["stage"]>, string>> = {
      ringing: t("call.asked.ringing"),
      consulting: t("call.asked.consulting", { name }),
      with_caller: t("call.asked.with_caller", { name }),
      conference: t("call.stage.conference"),
      completing: t("call.asked.completing"),
      returning: t("call.asked.returning"),
      without_caller: t("call.stage.without_caller"),
    };
    return (call.stage && texts[call.stage]) ?? t("call.asked.ringing");
  }
  const name = targetName(call);
  switch (call.stage) {
    case "held":
    case "conference":
    case "returning":
    case "without_caller":
      return t(`call.stage.${call.stage}`);
    case "ringing":
    case "consulting":
    case "with_caller":
    case "completing":
      return t(`call.stage.${call.stage}`, { name });
    case null:
      return t(`call.${call.state}`);
  }
}

/** How it ended, or where it goes on without me. Only what stays true: of what comes after me I am not told. */
function overText(call: Call, me: string | undefined): string {
  if (call.outcome !== null) return t(`call.outcome.${call.outcome}`);
  if (call.state === "ending" || call.state === "ended" || call.ended_at !== null) return t("call.outcome.handled");
  const { transfer } = call;
  if (transfer !== null && transfer.by === me) return wentText(transfer);
  if (call.agent !== null) return t("call.outcome.elsewhere", { name: agentName(call.agent) });
  if (call.state === "external") return t("call.external");
  return call.state === "falling_back" ? t("call.falling_back") : t("call.outcome.away");
}

function wentText(transfer: Transfer): string {
  const { destination } = transfer;
  const target = oneLine(destination.name ?? destination.shown ?? destination.value);
  switch (transfer.state) {
    case "completed":
      return t("call.outcome.handedOver", {
        name: transfer.taken_by === null ? target : agentName(transfer.taken_by),
      });
    case "failed":
      return t("call.outcome.notTaken", { name: target });
    case "cancelled":
      return t("call.outcome.takenBack");
    case "offered":
    case "ringing":
      return t("call.outcome.rings", { name: target });
    default:
      return t("call.outcome.waits", { name: target });
  }
}

/** Who is consulted: an agent, a preset or a number. */
export function targetName(call: Call): string {
  if (call.consult) return call.consult.agent.name;
  const party = call.parties.find(({ role }) => role === "target");
  const destination = call.transfer?.destination;
  return oneLine(
    party?.name ?? party?.number ?? destination?.name ?? destination?.shown ?? destination?.value ?? t("call.target"),
  );
}

export type Activity = "talking" | "held" | "busy" | "over";

/** Whether I talk in it now: seen on the PBX, not what was meant to happen. */
export function activityOf(call: Call, me: string | undefined): Activity {
  if (partOf(call, me) === "over") return "over";
  if (call.stage === "held") return "held";
  const mine = call.parties.find((party: Party) => party.agent === me);
  const alone = mine !== undefined && mine.hears.length === 0;
  if (mine?.held || (mine?.state === "held" && alone)) return "held";
  if (mine?.state === "talking" && !alone) return "talking";
  return call.stage === null && call.state === "talking" ? "talking" : "busy";
}
