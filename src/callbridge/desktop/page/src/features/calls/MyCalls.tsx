import {
  CheckCheck,
  MessageCircleQuestionMark,
  NotebookPen,
  Pause,
  Phone,
  PhoneIncoming,
  PhoneOff,
} from "lucide-preact";
import type { Call, Offer } from "../../api/types";
import { reopen, select, selectedCall, selectedDraft } from "../../desk/selection";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { cx } from "../../ui/cx";
import { EmptyState } from "../../ui/EmptyState";
import { Icon, type IconPicture } from "../../ui/Icon";
import { Panel } from "../../ui/Panel";
import { Countdown, Elapsed } from "../../ui/Time";
import { focusOffer } from "../offers/focus";
import { afterCall } from "./afterwards";
import { type Draft, drafts } from "./drafts";
import css from "./calls.module.css";
import { activityOf, callerName, partOf, stateText } from "./words";

/** The calls that are mine, that I am consulted in, or that are offered to me; one of them is selected. No props. */
export function MyCalls() {
  const calls = model.myCalls.value;
  const offers = model.myOffers.value.filter((offer) => !calls.some((call) => call.id === offer.call));
  const after = calls.length === 0 ? afterCall.value : null;
  const unsaved = drafts.value.filter(({ call }) => call !== after?.id && !calls.some(({ id }) => id === call));
  const available = model.me.value?.presence === "available";
  return (
    <Panel title={t("desk.calls")} flush>
      {calls.length + offers.length + unsaved.length === 0 && after === null ? (
        <EmptyState
          icon={PhoneOff}
          title={t("calls.none")}
          hint={available ? t("calls.noneHintAvailable") : t("calls.noneHint")}
        />
      ) : (
        <ul class={css.list}>
          {offers.map((offer) => (
            <li key={offer.id}>
              <OfferRow offer={offer} />
            </li>
          ))}
          {calls.map((call) => (
            <li key={call.id}>
              <Row call={call} />
            </li>
          ))}
          {after && (
            <li key={after.id}>
              <Row call={after} />
            </li>
          )}
          {unsaved.map((draft) => (
            <li key={`note ${draft.call}`}>
              <UnsavedRow draft={draft} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const PICTURES: Record<ReturnType<typeof activityOf>, IconPicture> = {
  talking: Phone,
  held: Pause,
  busy: Phone,
  over: CheckCheck,
};

function Row({ call }: { call: Call }) {
  const me = model.me.value?.id;
  const selected = selectedCall.value?.id === call.id;
  const activity = activityOf(call, me);
  const part = partOf(call, me);
  return (
    <button
      type="button"
      class={cx(css.row, selected && css.rowSelected)}
      data-activity={activity}
      aria-current={selected ? "true" : undefined}
      onClick={() => select(call.id)}
    >
      <span class={css.rowIcon}>
        <Icon of={part === "asked" ? MessageCircleQuestionMark : PICTURES[activity]} size={18} />
      </span>
      <span class={css.who}>
        <bdi dir="auto">{callerName(call, model.me.value?.options.region)}</bdi>
      </span>
      {part !== "over" && (
        <span class={css.time}>
          <Elapsed since={call.answered_at ?? call.arrived_at} label={t("calls.time")} />
        </span>
      )}
      <span class={css.what}>{stateText(call, me)}</span>
      <span class={css.group}>{call.group.name}</span>
    </button>
  );
}

/** The way back to a call that has left the desk, where a note is not saved yet. */
function UnsavedRow({ draft }: { draft: Draft }) {
  const selected = selectedCall.value?.id === draft.call || selectedDraft.value?.call === draft.call;
  return (
    <button
      type="button"
      class={cx(css.row, selected && css.rowSelected)}
      data-activity="over"
      aria-current={selected ? "true" : undefined}
      onClick={() => reopen(draft.call)}
    >
      <span class={css.rowIcon}>
        <Icon of={NotebookPen} size={18} />
      </span>
      <span class={css.who}>
        <bdi dir="auto">{draft.caller}</bdi>
      </span>
      <span class={css.what}>{t("notes.unsaved")}</span>
    </button>
  );
}

/** Its place is the popup; from here one finds it with the keyboard. */
function OfferRow({ offer }: { offer: Offer }) {
  const { preview } = offer;
  return (
    <button type="button" class={css.row} data-activity="offered" title={t("offers.show")} onClick={focusOffer}>
      <span class={css.rowIcon}>
        <Icon of={PhoneIncoming} size={18} />
      </span>
      <span class={css.who}>
        <bdi dir="auto">
          {preview ? callerName(preview, model.me.value?.options.region) : t("common.unknownCaller")}
        </bdi>
      </span>
      <span class={css.time}>
        <Countdown until={offer.deadline} />
      </span>
      <span class={css.what}>{t("offers.row")}</span>
      <span class={css.group}>{(preview?.group ?? offer.group)?.name}</span>
    </button>
  );
}
