/** Brings the keyboard to the offer. */
export const OFFER_CARD = "offer-card";

export function focusOffer(): void {
  document.getElementById(OFFER_CARD)?.focus();
}
