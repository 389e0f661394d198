/** Answering an offer, and what is said when one ends. */
import { signal } from "@preact/signals";
import { api } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { Offer, StreamEvent } from "../../api/types";
import { away } from "../../desk/away";
import { select } from "../../desk/selection";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { toast, toastProblem } from "../../ui/Toasts";
import { answerRinging } from "../phone/phone";
import type { Answer } from "./keys";
import { outcomeOf } from "./outcomes";

/** The answer that is under way, to which offer. */
export const answering = signal<{ offer: string; answer: Answer } | null>(null);

/** The last offer that was made while this page was open: who it was that was missed. */
export const lastOffer = signal<Offer | null>(null);

const OVER = new Set(["unknown_offer", "offer_ended"]);

export async function answer(offer: Offer, how: Answer): Promise<void> {
  // One answer to each offer; an earlier offer's that is still under way is no reason to wait.
  if (answering.value?.offer === offer.id) return;
  if (away.value !== null) {
    toast(away.value, "error");
    return;
  }
  const mine = { offer: offer.id, answer: how };
  answering.value = mine;
  try {
    const path = { offer: offer.id };
    if (how === "accept") {
      await api.post("/v1/offers/{offer}:accept", { path });
      // One answer for both: the gateway knows that this agent takes it, and the phone in the page, if it is one, is
      // picked up. Another phone has to be picked up by hand.
      answerRinging(offer.call);
    } else {
      await api.post("/v1/offers/{offer}:reject", { path });
    }
  } catch (error) {
    if (OVER.has(asProblem(error).code)) toast(t("offers.over"));
    else toastProblem(error);
  } finally {
    if (answering.value === mine) answering.value = null;
  }
}

/** Follows the stream for what happens once. */
export function followOffers(): () => void {
  return model.onEvent((event: StreamEvent) => {
    const me = model.me.value?.id;
    if (event.type === "snapshot") {
      const offer = event.data.offers.find(({ agent }) => agent === me);
      if (offer) lastOffer.value = offer;
      return;
    }
    if (event.type !== "offer.made" && event.type !== "offer.ended") return;
    const { offer } = event.data;
    if (offer.agent !== me) return;
    if (event.type === "offer.made") {
      lastOffer.value = offer;
      return;
    }
    const made = lastOffer.value?.id === offer.id ? lastOffer.value : null;
    if (offer.state === "accepted") select(offer.call);
    const text = outcomeOf(offer, event.data.next, made, me);
    if (text !== null) toast(text);
  });
}
