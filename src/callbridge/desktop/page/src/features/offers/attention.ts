/** What tells of an offer outside the page: the tab's title, and a notification where the agent wants them. */
import { computed, effect, signal } from "@preact/signals";
import type { Offer } from "../../api/types";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { nobodyShown } from "../calls/words";
import { oneLine } from "../../ui/harmless";
import { remember, remembered } from "../../ui/remember";

const FLASH = 1000;

/** Whether this browser could show notifications: they need a secure address. */
export const canNotify = (): boolean => "Notification" in window && window.isSecureContext;

/** Whether the agent wants them; the browser may forbid them all the same. */
export const notifying = signal<boolean>(remembered("notify", false) && canNotify());

/** Only ever after a click: the browser asks the agent. Gives back false where they are forbidden. */
export async function setNotifying(wanted: boolean): Promise<boolean> {
  const granted = wanted && canNotify() && (await Notification.requestPermission()) === "granted";
  notifying.value = granted;
  remember("notify", granted);
  return granted === wanted;
}

export function callerOf(offer: Offer): string {
  return oneLine(offer.preview?.caller_name || offer.preview?.caller_number || "") || nobodyShown(offer.preview);
}

export function headline(offer: Offer): string {
  if (offer.kind === "consult") return t("offers.consult", { name: offer.preview?.transferred_by?.name ?? "" });
  return offer.kind === "recall" ? t("offers.recall") : t("offers.title");
}

const offer = computed<Offer | null>(() => model.myOffers.value[0] ?? null);
const offerId = computed(() => offer.value?.id ?? null);

export function startAttention(): () => void {
  const stops = [effect(flash), effect(notify)];
  return () => stops.forEach((stop) => stop());
}

function flash(): (() => void) | undefined {
  if (offerId.value === null) return undefined;
  const calm = document.title;
  const texts = [() => (offer.value ? `☎ ${headline(offer.value)}` : calm), () => calm];
  let turn = 0;
  const next = () => {
    document.title = (texts[turn++ % texts.length] as () => string)();
  };
  next();
  const timer = setInterval(next, FLASH);
  return () => {
    clearInterval(timer);
    document.title = calm;
  };
}

function notify(): (() => void) | undefined {
  if (offerId.value === null || !notifying.value) return undefined;
  const now = offer.peek();
  if (now === null || !document.hidden) return undefined;
  let shown: Notification;
  try {
    const body = [callerOf(now), now.preview?.group?.name ?? ""].filter(Boolean).join(" · ");
    shown = new Notification(headline(now), { body, tag: "callbridge-offer", requireInteraction: true });
  } catch {
    // Some browsers show them from a service worker only; the title still flashes.
    return undefined;
  }
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
  return () => shown.close();
}
