/** Today's numbers, put together as they are shown. Pure. */
import type { Today } from "../../api/types";

export type CallPart = "handled" | "abandoned" | "fallback" | "lost_sight" | "live";
export type OfferPart = "accepted" | "rejected" | "timed_out" | "cancelled" | "rescinded" | "pending";
export type TransferOutcome = Today["transfers"][number]["outcome"];
export type TransferKind = Today["transfers"][number]["kind"];

export const CALL_PARTS: readonly CallPart[] = ["handled", "abandoned", "fallback", "lost_sight", "live"];
export const OFFER_PARTS: readonly OfferPart[] = [
  "accepted",
  "rejected",
  "timed_out",
  "cancelled",
  "rescinded",
  "pending",
];
export const OUTCOMES: readonly TransferOutcome[] = ["completed", "failed", "cancelled", "under_way"];
export const KINDS: readonly TransferKind[] = ["unsupervised", "supervised"];

/** What hardly ever happens is shown only where it has. */
const SELDOM = new Set<string>(["fallback", "lost_sight", "cancelled", "rescinded", "pending"]);

export interface Part<K extends string> {
  key: K;
  count: number;
}

export function parts<K extends string>(counts: Readonly<Record<K, number>>, keys: readonly K[]): Part<K>[] {
  return keys.map((key) => ({ key, count: counts[key] })).filter(({ key, count }) => count > 0 || !SELDOM.has(key));
}

/** How many transfers came to each outcome, of each kind. */
export function transfersBy(today: Today): Record<TransferOutcome, Record<TransferKind, number>> {
  const empty = () => ({ unsupervised: 0, supervised: 0 });
  const found = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, empty()])) as ReturnType<typeof transfersBy>;
  for (const { kind, outcome, count } of today.transfers) found[outcome][kind] += count;
  return found;
}

export function transfersMade(today: Today): number {
  return today.transfers.reduce((sum, { count }) => sum + count, 0);
}

/** Calls that are over. */
export function over(today: Today): number {
  return today.calls.arrived - today.calls.live;
}
