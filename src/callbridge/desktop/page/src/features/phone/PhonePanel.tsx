import { Mic, MicOff, Phone, PhoneIncoming, PhoneOff, Volume2 } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { session } from "../../api/session";
import type { Call } from "../../api/types";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Collapsible } from "../../ui/Collapsible";
import { EmptyState } from "../../ui/EmptyState";
import { oneLine } from "../../ui/harmless";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/Notice";
import { Panel } from "../../ui/Panel";
import { Plain } from "../../ui/Plain";
import { toastProblem } from "../../ui/Toasts";
import { nobodyShown } from "../calls/words";
import { soundBlocked } from "./audio";
import { Devices } from "./Devices";
import { Keypad } from "./Keypad";
import type { Leg } from "./leg";
import { LevelMeter } from "./LevelMeter";
import { microphone, prepareMicrophone } from "./microphone";
import {
  activeLeg,
  hasPhone,
  legs,
  mute,
  muted,
  ownStream,
  type PhoneState,
  phoneState,
  pickUp,
  registration,
  takeOver,
  unloadable,
} from "./phone";
import { bringHere, notHere } from "./rejoin";
import css from "./phone.module.css";

/** The phone in the page: its state in words, who calls, mute, keys, levels, devices. Takes no props. */
export function PhonePanel() {
  const state = phoneState.value;
  if (hasPhone.value !== true) {
    return (
      <Panel title={t("desk.phone")}>
        {hasPhone.value === false && <EmptyState icon={Phone} title={t("phone.none")} hint={t("phone.noneHint")} />}
      </Panel>
    );
  }
  return (
    <Panel title={t("desk.phone")} side={<StateMark state={state} />}>
      <div class={css.parts}>
        <Trouble />
        <OwnCalls />
        <InCall />
        <div>
          <Collapsible name="phone.devices" title={t("phone.devices")} openAtFirst={false}>
            <Devices />
          </Collapsible>
        </div>
      </div>
    </Panel>
  );
}

/** Beside the login screen: a call goes on when its agent has logged out, until somebody hangs up. */
export function CallThatGoesOn() {
  if (session.value !== null || legs.value.length === 0) return null;
  return (
    <Panel title={t("phone.goesOn")} class={css.goesOn}>
      <div class={css.parts}>
        <OwnCalls />
        <InCall />
      </div>
    </Panel>
  );
}

const WORDS = {
  none: "phone.none",
  connecting: "phone.connecting",
  registered: "phone.ready",
  lost: "phone.lost",
  failed: "phone.failed",
} as const;

function StateMark({ state }: { state: PhoneState }) {
  return (
    <span class={css.state} data-state={state} role="status">
      <span class={css.dot} aria-hidden="true" />
      {t(WORDS[state])}
    </span>
  );
}

/** What is wrong, and what somebody can do. */
function Trouble() {
  const line = registration.value;
  const found: ComponentChildren[] = [];
  if (unloadable.value)
    found.push(<Wrong text={t("phone.unloadable")} button={t("phone.reload")} onClick={() => location.reload()} />);
  if (line.state === "lost") found.push(<Notice kind="warning">{t("phone.lostHint")}</Notice>);
  if (line.state === "refused") found.push(<Notice kind="error">{t("phone.refused")}</Notice>);
  if (line.state === "elsewhere") {
    found.push(<Wrong text={t("phone.elsewhere")} button={t("phone.takeOver")} onClick={takeOver} />);
  }
  switch (microphone.value) {
    case "denied":
    case "missing":
    case "busy":
      found.push(
        <Wrong
          text={t(`phone.microphone.${microphone.value}`)}
          button={t("common.retry")}
          onClick={() => void prepareMicrophone()}
        />,
      );
      break;
    case "insecure":
      found.push(<Notice kind="error">{t("phone.microphone.insecure")}</Notice>);
      break;
    case "asking":
      found.push(<Notice>{t("phone.microphone.asking")}</Notice>);
  }
  if (soundBlocked.value)
    found.push(<Wrong text={t("phone.soundBlocked")} button={t("phone.allowSound")} onClick={() => undefined} />);
  for (const call of notHere.value) {
    found.push(
      <Wrong
        text={t("phone.notHere", { name: callName(call) })}
        button={t("phone.bringHere")}
        onClick={() => void bringHere(call.id).catch(toastProblem)}
      />,
    );
  }
  return <>{found}</>;
}

function Wrong({ text, button, onClick }: { text: string; button: string; onClick: () => void }) {
  return (
    <div class={css.wrong}>
      <Notice kind="error">{text}</Notice>
      <Button onClick={onClick}>{button}</Button>
    </div>
  );
}

function callName(call: Call): string {
  return oneLine(call.caller_name || call.caller_number) || nobodyShown(call);
}

/** What is answered or hung up at the phone itself. */
function OwnCalls() {
  const known = session.value !== null;
  return (
    <>
      {legs.value
        .filter((leg) => !known || isOwn(leg))
        .map((leg) => (
          <OwnCall key={leg.id} leg={leg} />
        ))}
    </>
  );
}

/**
 * A call that the gateway knows nothing of (a colleague has dialled this phone), for as long as there is one: its
 * microphone is open. And whatever rings without an offer, which is answered where it stands.
 */
function isOwn(leg: Leg): boolean {
  if (leg.call === null) return true;
  return leg.state.value === "ringing" && !model.myOffers.value.some((offer) => offer.call === leg.call);
}

function OwnCall({ leg }: { leg: Leg }) {
  const who = oneLine(leg.name || leg.number) || t("common.unknownCaller");
  const ringing = leg.state.value === "ringing";
  // What the gateway rings for is not declined here: it was accepted already.
  const stays = ringing && leg.call !== null;
  return (
    <section class={css.direct} aria-label={leg.call === null ? t("phone.direct") : t("phone.call")}>
      <p class={css.who}>
        <Icon of={ringing ? PhoneIncoming : Phone} size={18} /> <Plain text={who} line />
      </p>
      <div class={css.buttons}>
        {ringing && (
          <Button kind="primary" onClick={() => void pickUp(leg)}>
            {t("phone.answer")}
          </Button>
        )}
        {!stays && (
          <Button kind="danger" icon={PhoneOff} onClick={() => (ringing ? leg.decline() : leg.hangUp())}>
            {ringing ? t("phone.decline") : t("phone.hangUp")}
          </Button>
        )}
      </div>
    </section>
  );
}

function InCall() {
  const leg = activeLeg.value;
  if (leg === null) return null;
  const off = muted.value;
  return (
    <>
      <div class={css.levels}>
        <span class={css.level} data-off={off}>
          <Icon of={off ? MicOff : Mic} size={16} />
          <span class="visually-hidden">{t("phone.you")}</span>
          <LevelMeter stream={ownStream.value} off={off} />
        </span>
        <span class={css.level}>
          <Icon of={Volume2} size={16} />
          <span class="visually-hidden">{t("phone.others")}</span>
          <LevelMeter stream={leg.remote.value} />
        </span>
      </div>
      <Button
        wide
        icon={off ? MicOff : Mic}
        kind={off ? "danger" : "secondary"}
        aria-pressed={off}
        onClick={() => mute(!off)}
      >
        {off ? t("phone.unmute") : t("phone.mute")}
      </Button>
      <div>
        <Collapsible name="phone.keypad" title={t("phone.keypad")} openAtFirst={false}>
          <Keypad />
        </Collapsible>
      </div>
    </>
  );
}
