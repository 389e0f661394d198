import { useComputed, useSignal } from "@preact/signals";
import {
  ArrowLeftRight,
  Check,
  LogOut,
  Mic,
  MicOff,
  Pause,
  PhoneOff,
  PhoneOutgoing,
  Play,
  Undo2,
  UserX,
  UsersRound,
} from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../../api/client";
import type { Call, Party, Transfer } from "../../api/types";
import { now } from "../../model/clock";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import type { IconPicture } from "../../ui/Icon";
import { Notice } from "../../ui/Notice";
import { StateDot } from "../../ui/StateDot";
import { Countdown, Elapsed } from "../../ui/Time";
import { codesText } from "../calls/entries";
import { HearingPicture } from "./HearingPicture";
import { NumberField } from "./NumberField";
import { type Pending, usePending } from "./pending";
import { destinationName, failureText, notReachedText, partyName, partyStateText, talkText } from "./sentences";
import { isConsulted, isDeferred, isSettled, partyVerbsOf, signatureOf, type Verbs, verbsOf } from "./verbs";
import css from "./controls.module.css";

/** For how long it is said what became of a transfer, in ms. */
const SAID = 20_000;

type TransferVerb = "alternate" | "merge" | "complete" | "cancel" | "leave";

/**
 * What is under way beside the conversation: a supervised transfer, waiting for its target, a hold or a conference,
 * and for a while why a transfer failed. Who hears whom (`call.parties`), and the buttons for it. Shows nothing where
 * there is nothing. Stands in `SelectedCall`.
 */
export function TransferControls({ call }: { call: Call }) {
  const me = model.me.value;
  const verbs = verbsOf(call, me?.id, me?.capabilities);
  const pending = usePending(signatureOf(call), isSettled(call, me?.id));
  const consulted = isConsulted(call, me?.id);
  const deferred = isDeferred(call) && call.transfer?.by === me?.id;
  const mine = call.agent === me?.id;
  if (!consulted && !mine) return null;
  if (call.state !== "consulting" && !deferred) return mine ? <Ended call={call} /> : null;
  return (
    <section class={css.controls} aria-label={t("controls.title")}>
      {mine && <Ended call={call} />}
      <Headline call={call} />
      <Buttons call={call} verbs={verbs} pending={pending} consulted={consulted} deferred={deferred} />
      {pending.problem !== null && <Notice kind="error">{problemText(pending.problem)}</Notice>}
      {call.state === "consulting" && (
        <div class={css.who}>
          <HearingPicture parties={call.parties} me={me?.id} />
          <Parties call={call} pending={pending} />
        </div>
      )}
      <NotReached call={call} dropped={pending.name?.startsWith("drop") ?? false} />
      {verbs.fourth && <Fourth call={call} pending={pending} />}
    </section>
  );
}

// ---------------------------------------------------------------- what is going on

function Headline({ call }: { call: Call }) {
  const me = model.me.value?.id;
  if (isConsulted(call, me)) {
    const name = agentName(call.agent);
    return (
      <Says title={t("controls.consulted", { name })}>
        {call.stage === "without_caller" ? t("controls.callerLeft") : t("controls.consultedHint", { name })}
      </Says>
    );
  }
  const transfer = call.transfer;
  const name = transfer === null ? "" : targetOf(call);
  if (isDeferred(call)) {
    const wanted = transfer?.destination.kind === "agent" ? transfer.destination.value : "";
    const state = model.agents.value.get(wanted);
    return (
      <Says
        title={t("controls.deferred", { name })}
        side={
          <span class={css.sides}>
            {state && <StateDot state={state.state} />}
            <Elapsed since={transfer?.made_at ?? null} label={t("controls.waits")} />
          </span>
        }
      />
    );
  }
  switch (call.stage) {
    case "ringing": {
      const group = transfer?.destination.kind === "group" && call.consult === null;
      const title = group
        ? t("controls.looking", { name })
        : t(call.consult?.accepted ? "controls.accepted" : "controls.ringing", { name });
      const deadline = call.consult?.accepted === false ? call.consult.deadline : null;
      return (
        <Says title={title} side={<Left until={deadline} since={transfer?.made_at ?? null} />}>
          {talkText(call.parties, me)}
        </Says>
      );
    }
    case "completing":
      return <Says title={t("controls.connecting", { name })}>{talkText(call.parties, me)}</Says>;
    case "returning":
      return <Says title={t("controls.returning")}>{talkText(call.parties, me)}</Says>;
    case "without_caller":
      return <Says title={t("controls.callerLeft")}>{talkText(call.parties, me)}</Says>;
    default:
      return <Says title={talkText(call.parties, me)} />;
  }
}

function Says({ title, side, children }: { title: string; side?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class={css.headline}>
      <div class={css.headlineText} role="status">
        <p class={css.headlineTitle}>{title}</p>
        {children && <p class={css.headlineMore}>{children}</p>}
      </div>
      {side && <div class={css.headlineSide}>{side}</div>}
    </div>
  );
}

/** Until the offer to them ends; for a phone outside, for how long it has been ringing. */
function Left({ until, since }: { until: string | null; since: string | null }) {
  if (until === null) return <Elapsed since={since} label={t("controls.since")} />;
  return (
    <span class={css.left}>
      <Countdown until={until} /> {t("controls.secondsLeft")}
    </span>
  );
}

/** The agent who is consulted, or else where the transfer goes. */
function targetOf(call: Call): string {
  if (call.consult !== null) return call.consult.agent.name;
  return call.transfer === null ? "" : destinationName(call.transfer);
}

/** Why the last transfer did not succeed, for a while after it. */
function Ended({ call }: { call: Call }) {
  const { transfer } = call;
  const me = model.me.value?.id;
  const over =
    transfer !== null && (transfer.state === "failed" || transfer.state === "cancelled") && transfer.by === me;
  const ended = over && transfer.ended_at !== null ? Date.parse(transfer.ended_at) : Number.NaN;
  const fresh = useComputed(() => now.value - ended < SAID).value;
  const back = call.state === "talking";
  // The region is there before its text, so that it is read out.
  return (
    <div role="status" class={css.ended}>
      {over && fresh && (
        <Notice kind={transfer.state === "cancelled" ? "info" : "warning"}>
          {failureText(transfer, back)}
          <Codes said={transfer.said} />
        </Notice>
      )}
    </div>
  );
}

/** What whoever asks the carrier needs; said to nobody aloud. */
function Codes({ said }: { said: Transfer["said"] }) {
  const codes = said === null || said === undefined ? "" : codesText(said.cause, said.sip_status);
  return codes === "" ? null : <small class={css.codes}> {codes}</small>;
}

// ---------------------------------------------------------------- the parties

function Parties({ call, pending }: { call: Call; pending: Pending }) {
  const me = model.me.value?.id;
  return (
    <ul class={css.parties} aria-label={t("controls.parties")}>
      {call.parties.map((party) => (
        <li key={party.id} class={css.party}>
          <div class={css.partyText}>
            <p class={css.partyName}>
              {partyName(party, me)}
              {party.role !== "agent" &&
                party.agent !== me &&
                partyName(party, me) !== t(`controls.role.${party.role}`) && (
                  <span class={css.role}>{t(`controls.role.${party.role}`)}</span>
                )}
            </p>
            <p class={css.partyState}>
              {partyStateText(party, call.parties, me)}
              {party.muted && ` · ${t("controls.party.muted")}`}
            </p>
          </div>
          <PartyButtons call={call} party={party} pending={pending} />
        </li>
      ))}
    </ul>
  );
}

function PartyButtons({ call, party, pending }: { call: Call; party: Party; pending: Pending }) {
  const me = model.me.value?.id;
  const may = partyVerbsOf(call, party, me);
  if (!may.mute && !may.hold && !may.drop) return null;
  const name = partyName(party, me);
  const tell = (verb: "mute" | "unmute" | "hold" | "resume" | "drop") =>
    pending.run(`${verb} ${party.id}`, () =>
      api.post(`/v1/calls/{call}/parties/{party}:${verb}`, { path: { call: call.id, party: party.id } }),
    );
  const button = (verb: "mute" | "unmute" | "hold" | "resume" | "drop", icon: IconPicture, label: string) => (
    <Button
      kind="quiet"
      size="small"
      icon={icon}
      aria-label={label}
      title={label}
      busy={pending.name === `${verb} ${party.id}`}
      disabled={pending.name !== null && pending.name !== `${verb} ${party.id}`}
      onClick={() => tell(verb)}
    />
  );
  return (
    <div class={css.partyButtons}>
      {may.mute &&
        (party.muted
          ? button("unmute", MicOff, t("controls.unmute", { name }))
          : button("mute", Mic, t("controls.mute", { name })))}
      {may.hold &&
        (party.held
          ? button("resume", Play, t("controls.resumeParty", { name }))
          : button("hold", Pause, t("controls.holdParty", { name })))}
      {may.drop && button("drop", UserX, t("controls.drop", { name }))}
    </div>
  );
}

// ---------------------------------------------------------------- the buttons

interface ButtonsProps {
  call: Call;
  verbs: Verbs;
  pending: Pending;
  consulted: boolean;
  deferred: boolean;
}

function Buttons({ call, verbs, pending, consulted, deferred }: ButtonsProps) {
  const transfer = call.transfer;
  const conference = call.stage === "conference";
  const tell = (verb: TransferVerb) => {
    if (transfer === null) return;
    pending.run(verb, () => api.post(`/v1/transfers/{transfer}:${verb}`, { path: { transfer: transfer.id } }));
  };
  const hangUp = () => pending.run("hangUp", () => api.post("/v1/calls/{call}:hangup", { path: { call: call.id } }));
  const state = (verb: string) => ({
    busy: pending.name === verb,
    disabled: pending.name !== null && pending.name !== verb,
  });
  const target = targetOf(call);
  // A held call has its buttons in its header, and the deferred one can be hung up there.
  const hangsUpHere = verbs.hangUp && call.stage !== "held" && !deferred;
  return (
    <div class={css.actions} role="group" aria-label={t("controls.label")}>
      {verbs.complete && (
        <Button kind="primary" icon={Check} {...state("complete")} onClick={() => tell("complete")}>
          {t(call.stage === "ringing" ? "controls.completeRinging" : "controls.complete")}
        </Button>
      )}
      {verbs.alternate && (
        <Button icon={ArrowLeftRight} {...state("alternate")} onClick={() => tell("alternate")}>
          {call.stage === "with_caller" ? t("controls.talkTo", { name: target }) : t("controls.talkToTheCaller")}
        </Button>
      )}
      {verbs.merge && (
        <Button icon={UsersRound} {...state("merge")} onClick={() => tell("merge")}>
          {t("controls.merge")}
        </Button>
      )}
      {verbs.leave && (
        <Button
          kind="primary"
          icon={LogOut}
          title={t("controls.leaveHint")}
          {...state("leave")}
          onClick={() => tell("leave")}
        >
          {t("controls.leave")}
        </Button>
      )}
      {verbs.cancel && (
        <Button
          kind={deferred ? "secondary" : "danger"}
          icon={Undo2}
          title={deferred ? undefined : t("controls.cancelHint")}
          {...state("cancel")}
          onClick={() => tell("cancel")}
        >
          {t(deferred ? "controls.stopWaiting" : conference ? "controls.cancelConference" : "controls.cancel")}
        </Button>
      )}
      {hangsUpHere && (
        <Button kind="danger" icon={PhoneOff} {...state("hangUp")} onClick={hangUp}>
          {t(consulted ? "controls.endConsultation" : "controls.hangUp")}
        </Button>
      )}
    </div>
  );
}

/** A fourth party who was called and never came, for a while. */
function NotReached({ call, dropped }: { call: Call; dropped: boolean }) {
  const fourth = call.parties.find((party) => party.role === "fourth");
  const calling = fourth !== undefined && fourth.state !== "talking" && fourth.state !== "held";
  const called = useRef<string | null>(null);
  const lost = useSignal<string | null>(null);
  const name = fourth === undefined ? null : partyName(fourth, undefined);
  useEffect(() => {
    if (calling) {
      called.current = name;
      lost.value = null;
    } else if (fourth === undefined && called.current !== null && !dropped && call.state === "consulting") {
      lost.value = called.current;
    }
    if (!calling) called.current = null;
  }, [calling, name]);
  useEffect(() => {
    if (lost.value === null) return;
    const timer = setTimeout(() => {
      lost.value = null;
    }, SAID);
    return () => clearTimeout(timer);
  }, [lost.value]);
  return (
    <div role="status" class={css.ended}>
      {lost.value !== null && (
        <Notice kind="warning">
          {call.fourth_failure ? notReachedText(call.fourth_failure) : t("controls.notReached", { name: lost.value })}
          <Codes said={call.fourth_failure?.said ?? null} />
        </Notice>
      )}
    </div>
  );
}

function Fourth({ call, pending }: { call: Call; pending: Pending }) {
  const number = useSignal("");
  const there = number.value.replace(/\D/g, "").length >= 3;
  const dial = () => {
    if (!there) return;
    pending.run("fourth", () =>
      api.post("/v1/calls/{call}/parties", { path: { call: call.id }, body: { number: number.value.trim() } }),
    );
  };
  useEffect(() => pending.forget, [number.value]);
  return (
    <form
      class={css.fourth}
      onSubmit={(event) => {
        event.preventDefault();
        dial();
      }}
    >
      <div class={css.fourthField}>
        <NumberField
          label={t("controls.fourth")}
          placeholder="+49 30 123456"
          value={number.value}
          onValue={(text) => {
            number.value = text;
          }}
        />
      </div>
      <Button
        type="submit"
        icon={PhoneOutgoing}
        busy={pending.name === "fourth"}
        disabled={!there || (pending.name !== null && pending.name !== "fourth")}
      >
        {t("controls.call")}
      </Button>
    </form>
  );
}
