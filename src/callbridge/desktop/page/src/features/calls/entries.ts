/** An entry of a call's history as a sentence. Pure. */
import type { Call } from "../../api/types";
import { agentName, groupName } from "../../model/directory";
import { t, tOr } from "../../texts/t";
import { oneLine } from "../../ui/harmless";
import type { components } from "../../api/schema";

export type Entry = components["schemas"]["HistoryOut"];

export function entryText(entry: Entry, call: Call): string {
  const values: Record<string, string> = {
    agent: agentName(entry.agent) || t("offers.colleague"),
    group: named(entry.detail["group"], groupName) || call.group.name,
    target: target(entry),
  };
  let { kind } = entry;
  if (kind === "transfer.requested" && entry.detail["supervised"] === true) kind = "transfer.consulted";
  if (kind === "call.handed_over" && entry.detail["external"] === true) kind = "call.handed_out";
  if (kind === "leg.ended" && typeof entry.detail["number"] === "string") kind = "leg.outside";
  if (kind === "leg.ended" && entry.detail["said"] === undefined) kind = "leg.died";
  return tOr(`history.${kind}`, kind).replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
}

/** What the gateway gives as the reason of it, where there is one. */
export function entryReason(entry: Entry): string | null {
  const { code, said, failure, why, reason, cause, sip_status: sip } = entry.detail;
  const found = [code, said, failure, why, reason].find((value) => typeof value === "string" && value !== "");
  const numbers = codesText(typeof cause === "number" ? cause : null, typeof sip === "number" ? sip : null);
  const words = found === undefined ? "" : tOr(`because.${String(found)}`, oneLine(String(found)).replaceAll("_", " "));
  return [words, numbers && `(${numbers})`].filter(Boolean).join(" ") || null;
}

/** "Q.850 17, SIP 486": for whoever asks the carrier about it. */
export function codesText(cause: number | null, sip: number | null): string {
  return [cause !== null && `Q.850 ${cause}`, sip !== null && `SIP ${sip}`].filter(Boolean).join(", ");
}

function target({ detail }: Entry): string {
  const { kind, destination } = detail;
  if (typeof destination !== "string") return "";
  if (kind === "agent") return agentName(destination);
  return kind === "group" ? groupName(destination) : oneLine(destination);
}

function named(value: unknown, name: (id: string) => string): string {
  return typeof value === "string" ? name(value) : "";
}
