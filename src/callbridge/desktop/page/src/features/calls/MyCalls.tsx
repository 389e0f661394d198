import { PhoneOff } from "lucide-preact";
import type { Call } from "../../api/types";
import { select, selectedCall } from "../../desk/selection";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";
import { Elapsed } from "../../ui/Time";
import { cx } from "../../ui/cx";
import css from "./calls.module.css";

/** The calls that are mine; one of them is selected. Takes no props. */
export function MyCalls() {
  const calls = model.myCalls.value;
  const available = model.me.value?.presence === "available";
  return (
    <Panel title={t("desk.calls")} flush>
      {calls.length === 0 ? (
        <EmptyState
          icon={PhoneOff}
          title={t("calls.none")}
          hint={available ? t("calls.noneHintAvailable") : t("calls.noneHint")}
        />
      ) : (
        <ul>
          {calls.map((call) => (
            <li key={call.id}>
              <Row call={call} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ call }: { call: Call }) {
  const selected = selectedCall.value?.id === call.id;
  return (
    <button
      type="button"
      class={cx(css.row, selected && css.rowSelected)}
      aria-current={selected ? "true" : undefined}
      onClick={() => select(call.id)}
    >
      <span class={css.who}>{call.caller_name || call.caller_number || t("common.unknownCaller")}</span>
      <span class={css.time}>
        <Elapsed since={call.answered_at ?? call.arrived_at} label={t("calls.time")} />
      </span>
      <span class={css.what}>
        {t(`call.${call.state}`)} · {call.group.name}
      </span>
    </button>
  );
}
