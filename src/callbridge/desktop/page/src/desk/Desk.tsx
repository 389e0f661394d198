import { MissedOffer } from "../features/calls/MissedOffer";
import { MyCalls } from "../features/calls/MyCalls";
import { SelectedCall } from "../features/calls/SelectedCall";
import { WrapUp } from "../features/calls/WrapUp";
import { hasPhone } from "../features/phone/phone";
import { PhonePanel } from "../features/phone/PhonePanel";
import { OnTheirWay } from "../features/transfer/OnTheirWay";
import { TransferScreen } from "../features/transfer/TransferScreen";
import { t } from "../texts/t";
import { cx } from "../ui/cx";
import css from "./Desk.module.css";

/**
 * Left my calls, in the middle the selected one, right the phone; on narrow screens one below the other. Who has no
 * phone in the page has that room for the call.
 */
export function Desk() {
  return (
    <main id="main" tabIndex={-1} class={cx(css.desk, hasPhone.value === false && css.twoColumns)}>
      <h1 class="visually-hidden">{t("nav.desk")}</h1>
      <div class={css.notices}>
        <MissedOffer />
        <WrapUp />
        <OnTheirWay />
      </div>
      <div class={css.calls}>
        <MyCalls />
      </div>
      <div class={css.call}>
        <SelectedCall />
      </div>
      <div class={css.phone}>
        <PhonePanel />
      </div>
      <TransferScreen />
    </main>
  );
}
