/** Whose call was missed, where this page saw the offer. */
import { computed, signal } from "@preact/signals";
import { model } from "../../model/store";
import { callerName } from "./words";

const missed = signal<{ offer: string; name: string } | null>(null);
const offered = signal<{ offer: string; name: string } | null>(null);

export const lastCaller = computed(() => missed.value?.name ?? null);

export function followMissed(): () => void {
  return model.onEvent((event) => {
    const me = model.me.value?.id;
    if (event.type === "snapshot") {
      missed.value = null;
      return;
    }
    if (event.type !== "offer.made" && event.type !== "offer.ended") return;
    const { offer } = event.data;
    if (offer.agent !== me) return;
    if (event.type === "offer.made") {
      offered.value = offer.preview && { offer: offer.id, name: callerName(offer.preview) };
      missed.value = null;
    } else {
      missed.value = offer.state === "timed_out" && offered.value?.offer === offer.id ? offered.value : null;
    }
  });
}
