/** Whose offer was missed, and what became of the call, where this page saw it. */
import { signal } from "@preact/signals";
import type { Next, Offer } from "../../api/types";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { asker, isUnreachable, nextText } from "../offers/outcomes";
import { callerName } from "./words";

/** `made`: as it was offered; null: the page came later. */
export interface Missed {
  made: Offer | null;
  ended: Offer;
  next: Next | null;
}

export const missed = signal<Missed | null>(null);
const offered = signal<Offer | null>(null);

/** What happened, and where the call is. Nothing is said that is not known. `unreachable`: the agent is busy for it. */
export function missedText(last: Missed | null, unreachable: boolean, me: string | undefined): string {
  const then = last === null ? "" : nextText(last.next, me);
  return [whatText(last, unreachable), then, unreachable ? t("missed.seePhone") : ""].filter(Boolean).join(" ");
}

function whatText(last: Missed | null, unreachable: boolean): string {
  if (unreachable) return t("missed.unreachable");
  const preview = last?.made?.preview ?? null;
  if (last?.ended.kind === "consult") return t("missed.consult", { name: asker(last.made) });
  if (last?.ended.kind === "recall") return t("missed.recall");
  return preview === null ? t("missed.offer") : t("missed.who", { name: callerName(preview) });
}

export function followMissed(): () => void {
  return model.onEvent((event) => {
    const me = model.me.value?.id;
    if (event.type === "snapshot") {
      missed.value = null;
      return;
    }
    if (event.type !== "offer.made" && event.type !== "offer.ended") return;
    const { offer, next } = event.data;
    if (offer.agent !== me) return;
    if (event.type === "offer.made") {
      offered.value = offer;
      missed.value = null;
      return;
    }
    const made = offered.value?.id === offer.id ? offered.value : null;
    missed.value = offer.state === "timed_out" || isUnreachable(offer) ? { made, ended: offer, next } : null;
  });
}
