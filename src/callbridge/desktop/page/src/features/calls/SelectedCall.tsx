import { Copy, UserRound } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { Call } from "../../api/types";
import { away } from "../../desk/away";
import { keepWriting, selectedCall, selectedDraft } from "../../desk/selection";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Collapsible } from "../../ui/Collapsible";
import { cx } from "../../ui/cx";
import { EmptyState } from "../../ui/EmptyState";
import { phoneNumber } from "../../ui/number";
import { Plain } from "../../ui/Plain";
import { Elapsed } from "../../ui/Time";
import { toast } from "../../ui/Toasts";
import { phoneState } from "../phone/phone";
import { CallActions } from "../transfer/CallActions";
import { TransferControls } from "../transfer/TransferControls";
import { keepAfterCall } from "./afterwards";
import css from "./calls.module.css";
import { copyText } from "./copy";
import { CrmFrames, CrmLink } from "./Crm";
import { History } from "./History";
import { followMissed } from "./missed";
import { NoteAlone, Notes } from "./Notes";
import { keepReopened } from "./reopened";
import { ScreenPop } from "./ScreenPop";
import { activityOf, callerName, partOf, stateText } from "./words";

/** The selected call: its buttons, the screen pop, notes, history. Takes no props. */
export function SelectedCall() {
  useEffect(() => {
    const stops = [keepAfterCall(), followMissed(), keepReopened(), keepWriting()];
    return () => stops.forEach((stop) => stop());
  }, []);
  const call = selectedCall.value;
  const draft = selectedDraft.value;
  return (
    <section class={css.panel} aria-label={t("desk.call")} data-empty={(call === null && draft === null) || undefined}>
      {draft !== null ? (
        <NoteAlone draft={draft} />
      ) : call === null ? (
        <EmptyState icon={UserRound} title={t("desk.noCall")} hint={t("desk.noCallHint")} />
      ) : (
        <Shown key={call.id} call={call} />
      )}
      {/* Pages of the CRM stay as they are while one looks at another call: somebody may be writing in them. */}
      <CrmFrames />
    </section>
  );
}

function Shown({ call }: { call: Call }) {
  const me = model.me.value?.id;
  const part = partOf(call, me);
  const pop = model.pops.value.get(call.id) ?? null;
  return (
    <>
      <Head call={call} />
      {part === "mine" && call.state === "connecting" && phoneState.value !== "registered" && (
        <p class={css.answer}>{t("call.answer")}</p>
      )}
      {/* Nothing in it can be pressed while the gateway is away. */}
      <fieldset class={css.actions} disabled={away.value !== null}>
        {away.value !== null && part !== "over" && <p class={css.away}>{away.value}</p>}
        {part !== "over" && <CallActions call={call} />}
        <TransferControls call={call} />
      </fieldset>
      {part === "asked" && <p class={css.previewTag}>{t("pop.previewOf", { name: agentName(call.agent) })}</p>}
      <div class={cx(css.columns, part === "asked" && css.previewed)}>
        <ScreenPop call={call} pop={pop} />
        <Notes call={call} part={part} />
      </div>
      <Collapsible name="history" title={t("history.title")} openAtFirst={false}>
        <History call={call} />
      </Collapsible>
    </>
  );
}

function Head({ call }: { call: Call }) {
  const me = model.me.value?.id;
  const name = callerName(call);
  const number = call.caller_number && phoneNumber(call.caller_number);
  const copy = async () => {
    if (await copyText(call.caller_number)) toast(t("pop.copied"), "good");
    else toast(t("pop.notCopied"), "error");
  };
  return (
    <header class={css.head}>
      <div class={css.headText}>
        <h2 class={css.title}>
          <Plain text={call.caller_name || number || name} line />
        </h2>
        <p class={css.under}>
          {call.caller_withheld && (call.caller_name || number) && <span>{t("common.withheld")}</span>}
          {number && call.caller_name && (
            <span class="numbers">
              <Plain text={number} line />
            </span>
          )}
          {call.caller_number && (
            <Button
              kind="quiet"
              size="small"
              icon={Copy}
              aria-label={t("pop.copy")}
              title={t("pop.copy")}
              onClick={() => void copy()}
            />
          )}
        </p>
      </div>
      <div class={css.headSide}>
        <p class={css.pill} data-activity={activityOf(call, me)} role="status">
          {stateText(call, me)}
        </p>
        {partOf(call, me) !== "over" && (
          <p class={css.clock}>
            <Elapsed since={call.answered_at ?? call.arrived_at} label={t("calls.time")} />
          </p>
        )}
        <CrmLink call={call} />
      </div>
    </header>
  );
}
