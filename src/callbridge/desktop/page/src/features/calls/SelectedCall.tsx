import { UserRound } from "lucide-preact";
import { selectedCall } from "../../desk/selection";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";
import css from "./calls.module.css";

/**
 * The selected call: its buttons, the screen pop (`model.pops.value.get(call.id)`), notes, wrap-up
 * (`model.me.value.wrap_up_until`). During a supervised transfer `<TransferControls call={call} />` stands in it.
 * Takes no props.
 */
export function SelectedCall() {
  const call = selectedCall.value;
  return (
    <Panel title={t("desk.call")}>
      {call === null ? (
        <EmptyState icon={UserRound} title={t("desk.noCall")} hint={t("desk.noCallHint")} />
      ) : (
        <p class={css.title}>{call.caller_name || call.caller_number || t("common.unknownCaller")}</p>
      )}
    </Panel>
  );
}
