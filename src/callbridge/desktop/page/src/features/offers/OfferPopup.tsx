import { useComputed } from "@preact/signals";
import { ArrowRightLeft, MessageCircleQuestionMark, Phone, PhoneIncoming, PhoneOff, StickyNote } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Offer, Pop } from "../../api/types";
import { away } from "../../desk/away";
import { selectedCall } from "../../desk/selection";
import { now, secondsUntil } from "../../model/clock";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Above } from "../../ui/Above";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { DataTable } from "../../ui/DataTable";
import { Icon, type IconPicture } from "../../ui/Icon";
import { phoneNumber } from "../../ui/number";
import { Plain } from "../../ui/Plain";
import { Countdown } from "../../ui/Time";
import { TimeRing } from "../../ui/TimeRing";
import { callerOf, headline, startAttention } from "./attention";
import { OFFER_CARD } from "./focus";
import { answerOf, SHORTCUTS } from "./keys";
import { answer, answering, followOffers } from "./offers";
import css from "./offers.module.css";

const HURRY = 5;
const ROWS = 4;

/**
 * The offer: above every screen and every dialog while one is pending. It never takes the focus away from somebody who
 * types, and no key that is typed can answer it. Takes no props.
 */
export function OfferPopup() {
  useEffect(() => {
    const stops = [followOffers(), startAttention()];
    const pressed = (event: KeyboardEvent) => {
      const offer = model.myOffers.peek()[0];
      const how = answerOf(event);
      if (offer === undefined || how === null) return;
      event.preventDefault();
      void answer(offer, how);
    };
    document.addEventListener("keydown", pressed);
    return () => {
      document.removeEventListener("keydown", pressed);
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <Above>
      <Pending />
    </Above>
  );
}

function Pending() {
  const offer = model.myOffers.value[0];
  return (
    <>
      {/* There before it says something, so that it is read out. */}
      <p class="visually-hidden" role="alert">
        {offer && t("offers.spoken", { what: headline(offer), caller: callerOf(offer), accept: SHORTCUTS.accept })}
      </p>
      {offer && <Card key={offer.id} offer={offer} />}
    </>
  );
}

function Card({ offer }: { offer: Offer }) {
  const card = useRef<HTMLElement>(null);
  const left = useComputed(() => secondsUntil(offer.deadline, now.value));
  const hurry = useComputed(() => left.value <= HURRY);
  const beside = useComputed(() => selectedCall.value !== null);
  useEffect(() => {
    // Tab leads to Accept then. Only where nothing else has the focus, and never a button itself: a key that was meant
    // for something else would press it.
    const focused = document.activeElement;
    if (focused === null || focused === document.body) card.current?.focus({ preventScroll: true });
  }, []);
  const under = answering.value?.offer === offer.id ? answering.value.answer : null;
  const { preview } = offer;
  const why = away.value;
  return (
    <section
      ref={card}
      id={OFFER_CARD}
      tabIndex={-1}
      class={cx(css.card, beside.value && css.beside)}
      aria-label={headline(offer)}
    >
      <header class={css.head}>
        <span class={css.headIcon}>
          <Icon of={pictureOf(offer)} size={18} />
        </span>
        <h2 class={css.headline}>{headline(offer)}</h2>
        {offer.group && (
          <span class={css.group}>
            <Plain text={offer.group.name} line />
          </span>
        )}
      </header>
      <div class={css.body}>
        <div class={css.caller}>
          <div class={css.names}>
            <p class={css.name}>
              <Plain text={callerOf(offer)} line />
            </p>
            {preview?.caller_withheld && (preview.caller_name || preview.caller_number) && (
              <p class={css.number}>{t("common.withheld")}</p>
            )}
            {preview?.caller_name && preview.caller_number && (
              <p class={cx("numbers", css.number)}>
                <Plain text={phoneNumber(preview.caller_number)} line />
              </p>
            )}
          </div>
          <TimeRing
            from={offer.made_at}
            until={offer.deadline}
            size={60}
            class={cx(css.time, hurry.value && css.hurry)}
          >
            <Countdown until={offer.deadline} />
          </TimeRing>
        </div>
        <Why offer={offer} />
        {preview && <Preview preview={preview} />}
      </div>
      <footer class={css.foot}>
        {why !== null && <p class={css.why}>{why}</p>}
        <Button
          kind="primary"
          size="large"
          icon={Phone}
          class={css.accept ?? ""}
          shortcut={SHORTCUTS.accept}
          busy={under === "accept"}
          disabled={why !== null || under === "reject"}
          onClick={() => void answer(offer, "accept")}
        >
          {t("offers.accept")}
        </Button>
        <Button
          kind="danger"
          size="large"
          icon={PhoneOff}
          shortcut={SHORTCUTS.reject}
          busy={under === "reject"}
          disabled={why !== null || under === "accept"}
          onClick={() => void answer(offer, "reject")}
        >
          {t("offers.reject")}
        </Button>
      </footer>
    </section>
  );
}

/** Who transferred it, or asks, and why. */
function Why({ offer }: { offer: Offer }) {
  const by = offer.preview?.transferred_by ?? null;
  const reason = offer.preview?.transfer_reason ?? null;
  const text =
    offer.kind === "consult" && by
      ? t("offers.why.consult", { name: by.name })
      : offer.kind === "recall"
        ? t("offers.why.recall")
        : offer.kind === "agent_hard"
          ? t("offers.why.hard", { name: by?.name ?? t("offers.colleague") })
          : by
            ? t("offers.why.transfer", { name: by.name })
            : null;
  if (text === null && !reason) return null;
  return (
    <div class={css.reason}>
      {text && <p>{text}</p>}
      {reason && (
        <p class={css.words}>
          <Plain text={reason} />
        </p>
      )}
    </div>
  );
}

function Preview({ preview }: { preview: Pop }) {
  const note = preview.notes.at(-1);
  return (
    <div class={css.preview}>
      <p class={css.tag}>{t("pop.preview")}</p>
      {preview.called && (
        <dl class={css.called}>
          <dt>{t("pop.called")}</dt>
          <dd class="numbers">
            <Plain text={phoneNumber(preview.called)} line />
          </dd>
        </dl>
      )}
      <DataTable title={t("pop.data")} data={preview.data} most={ROWS} />
      {note && (
        <div class={css.note}>
          <Icon of={StickyNote} size={14} />
          <Plain text={note.text} class={css.noteText} />
          {preview.notes.length > 1 && (
            <span class={css.noteMore}>{t("notes.more", { count: preview.notes.length - 1 })}</span>
          )}
        </div>
      )}
    </div>
  );
}

function pictureOf(offer: Offer): IconPicture {
  if (offer.kind === "consult") return MessageCircleQuestionMark;
  return offer.kind === "group" ? PhoneIncoming : ArrowRightLeft;
}
