import { useComputed, useSignal } from "@preact/signals";
import { ArrowLeftRight, Check as CheckMark } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import type { Call, CheckRequest } from "../../api/types";
import { away } from "../../desk/away";
import { loadDirectory } from "../../model/directory";
import { model } from "../../model/store";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Notice } from "../../ui/Notice";
import { toast } from "../../ui/Toasts";
import { cx } from "../../ui/cx";
import { remember, remembered } from "../../ui/remember";
import { type Check, useCheck } from "./check";
import { ChosenTarget } from "./ChosenTarget";
import { HowTo } from "./HowTo";
import { liveKey } from "./live";
import { NumberField } from "./NumberField";
import { closeTransfer, transferOf } from "./opened";
import { callerName, type Mode, notReady, planText, refusalText, type Target, type Way } from "./sentences";
import { TargetList } from "./TargetList";
import css from "./transfer.module.css";

const NOTE_LENGTH = 2000;
const REASON_LENGTH = 200;
/** After these it is not known whether it was done. */
const OPEN = new Set(["unreachable", "outcome_unknown", "busy", "stopping"]);

/**
 * The transfer screen, a dialog over the desk while `transferOf` (opened.ts) names one of `model.myCalls`. It closes
 * itself where the call is gone. Takes no props.
 */
export function TransferScreen() {
  const wanted = transferOf.value;
  const call = model.myCalls.value.find(({ id }) => id === wanted);
  const gone = wanted !== null && call === undefined && model.known.value;
  useEffect(() => {
    if (!gone) return;
    closeTransfer();
    toast(t("transfer.callGone"));
  }, [gone]);
  return call === undefined ? null : <Screen key={call.id} call={call} />;
}

function Screen({ call }: { call: Call }) {
  const may = model.me.value?.capabilities;
  const query = useSignal("");
  const target = useSignal<Target | null>(null);
  const row = useSignal<string | null>(null);
  const number = useSignal("");
  const leftNumber = useSignal(false);
  const wantedWay = useSignal<Way>(remembered<Way>("transfer.way", "supervised", (way) => WAYS.includes(way)));
  const wantedMode = useSignal<Mode | null>(null);
  const deferred = useSignal(false);
  const reason = useSignal("");
  const note = useSignal("");
  const confirming = useSignal(false);
  const sending = useSignal(false);
  const problem = useSignal<ApiProblem | null>(null);
  const key = useRef<{ of: string; key: string } | null>(null);
  const search = useRef<HTMLInputElement>(null);

  useEffect(() => {
    // The names are there already; what may be done with them can have changed since.
    loadDirectory().catch(() => undefined);
  }, []);

  const to = target.value;
  const external = to?.kind === "preset" || to?.kind === "number";
  const supervisedAllowed = may?.supervised_transfers ?? false;
  const way: Way = external ? "supervised" : supervisedAllowed ? wantedWay.value : "unsupervised";
  const mode =
    to?.kind === "agent" && way === "unsupervised" ? (wantedMode.value ?? may?.default_transfer_mode ?? null) : null;
  const waits = to?.kind === "agent" && way === "supervised" && deferred.value;
  const body: CheckRequest | null =
    to === null || (to.kind === "number" && !enoughDigits(to.id))
      ? null
      : {
          destination: { kind: to.kind, value: to.id },
          supervised: way === "supervised",
          deferred: waits,
          mode,
        };
  const lost = away.value !== null;
  const live = useComputed(() => (target.value === null ? "" : liveKey(target.value.kind, target.value.id)));
  const check = useCheck(call.id, body, `${live.value} ${call.state} ${call.stage}`, lost).value;
  const allowed = check.state === "known" && check.answer.allowed;
  const refused = check.state === "failed" || (check.state === "known" && !check.answer.allowed);
  useEffect(() => {
    // What was to be confirmed is not possible any more: it stands above why.
    if (refused) confirming.value = false;
  }, [refused]);
  const shown = nameAsRead(to, check);
  const free = check.state === "known" && to?.kind === "agent" ? isFree(check.answer.eligible, to.id) : null;
  const state = useComputed(() =>
    target.value?.kind === "agent" ? model.agents.value.get(target.value.id) : undefined,
  );
  const answer = check.state === "known" ? check.answer : null;
  const why = answer === null ? null : notReady(state.value, answer, mode);
  const plan =
    shown === null
      ? ""
      : planText({
          call,
          target: shown,
          way,
          mode,
          deferred: waits && free === false,
          free,
          why,
          back: answer?.back_after ?? null,
          rings: model.me.value?.options.offer_timeout ?? 0,
          nobody: to?.kind === "group" && answer?.eligible.length === 0,
        });

  const choose = (chosen: Target, chosenRow: string) => {
    if (chosen.id !== to?.id || chosen.kind !== to.kind) deferred.value = false;
    target.value = chosen;
    row.value = chosenRow;
    number.value = "";
    leftNumber.value = false;
    problem.value = null;
  };
  const typeNumber = (text: string) => {
    number.value = text;
    leftNumber.value = false;
    row.value = null;
    problem.value = null;
    target.value = text.trim() === "" ? null : { kind: "number", id: text.trim(), shown: null };
  };
  const clear = () => {
    target.value = null;
    row.value = null;
    number.value = "";
    problem.value = null;
    // Where it was hidden behind the choice, the search is back with the next frame.
    requestAnimationFrame(() => search.current?.focus());
  };
  const go = () => {
    if (!allowed || lost) return;
    problem.value = null;
    confirming.value = true;
  };
  const send = async () => {
    if (body === null || sending.value || lost) return;
    const given = { ...body, reason: reason.value.trim() || null, note: note.value.trim() || null };
    const of = JSON.stringify(given);
    // Tried again after a failure it stays one action; anything changed is another one.
    if (key.current?.of !== of) key.current = { of, key: newKey() };
    sending.value = true;
    try {
      await api.post("/v1/calls/{call}/transfers", { path: { call: call.id }, body: given, key: key.current.key });
      remember("transfer.way", wantedWay.value);
      closeTransfer();
    } catch (error) {
      problem.value = asProblem(error);
      confirming.value = false;
      // A refusal is given again for the same key; where it is not known whether it was done, it stays one action.
      if (!OPEN.has(problem.value.code)) key.current = null;
    } finally {
      sending.value = false;
    }
  };
  const close = () => {
    if (confirming.value) confirming.value = false;
    else closeTransfer();
  };
  const goByKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented || confirming.value)
      return;
    event.preventDefault();
    go();
  };

  return (
    <Dialog
      title={t("transfer.titleOf", { name: callerName(call) })}
      onClose={close}
      screen
      backdropCloses={false}
      foot={
        confirming.value ? (
          <Confirm plan={away.value ?? plan} sending={sending.value} onOk={() => void send()} onBack={close} />
        ) : (
          <div class={css.foot}>
            <p class={css.plan} role="status">
              {away.value ?? (allowed ? plan : "")}
            </p>
            <Button onClick={closeTransfer}>{t("common.cancel")}</Button>
            <Button
              kind="primary"
              gateway
              icon={ArrowLeftRight}
              disabled={!allowed}
              aria-keyshortcuts="Control+Enter"
              title="Ctrl + Enter"
              onClick={go}
            >
              {t("transfer.title")}
            </Button>
          </div>
        )
      }
    >
      <div
        class={cx(css.screen, to !== null && css.screenChosen, to?.kind === "number" && css.screenNumber)}
        onKeyDown={goByKey}
        inert={confirming.value}
      >
        <div class={css.where}>
          <TargetList
            query={query}
            chosen={row}
            onChoose={choose}
            onNumber={
              may?.external_numbers
                ? (text) => {
                    query.value = "";
                    typeNumber(text);
                  }
                : null
            }
            onGo={go}
            inputRef={search}
          />
          <div class={css.number}>
            <NumberField
              label={t("transfer.number")}
              value={number.value}
              disabled={!may?.external_numbers}
              placeholder="+49 30 123456"
              onValue={typeNumber}
              onEnter={go}
              onBlur={() => {
                leftNumber.value = true;
              }}
              {...numberSays(number.value, check, may?.external_numbers ?? false, leftNumber.value)}
            />
          </div>
        </div>
        <div class={css.how}>
          {to !== null && shown !== null && (
            <>
              <ChosenTarget
                target={shown}
                way={way}
                check={check}
                why={why}
                onChange={clear}
                deferred={waits}
                onDeferred={(on) => {
                  deferred.value = on;
                }}
              />
              {problem.value !== null && <Notice kind="error">{problemText(problem.value)}</Notice>}
            </>
          )}
          {to === null && <p class={css.howNone}>{t("transfer.choose")}</p>}
          <HowTo
            way={way}
            external={external}
            supervisedAllowed={supervisedAllowed}
            onWay={(chosen) => {
              wantedWay.value = chosen;
              problem.value = null;
            }}
            mode={to?.kind === "agent" && way === "unsupervised" && may?.choose_transfer_mode ? (mode ?? "soft") : null}
            onMode={(chosen) => {
              wantedMode.value = chosen;
            }}
          />
          <div class={css.more}>
            <LabelledText
              label={t("transfer.reason")}
              hint={t("transfer.reasonHint")}
              value={reason.value}
              longest={REASON_LENGTH}
              onValue={(text) => {
                reason.value = text;
              }}
            />
            <LabelledText
              label={t("transfer.note")}
              hint={t("transfer.noteHint")}
              value={note.value}
              longest={NOTE_LENGTH}
              lines={3}
              onValue={(text) => {
                note.value = text;
              }}
            />
          </div>
        </div>
      </div>
    </Dialog>
  );
}

/** The last look: what will happen in one sentence, OK, and back to what was chosen. */
function Confirm({
  plan,
  sending,
  onOk,
  onBack,
}: {
  plan: string;
  sending: boolean;
  onOk: () => void;
  onBack: () => void;
}) {
  const ok = useRef<HTMLButtonElement>(null);
  useEffect(() => ok.current?.focus(), []);
  return (
    <div class={cx(css.foot, css.confirm)} role="group" aria-label={t("transfer.confirm")}>
      <p class={css.plan} id="transfer-plan" role="status">
        {plan}
      </p>
      <Button onClick={onBack}>{t("common.cancel")}</Button>
      <Button
        kind="primary"
        gateway
        icon={CheckMark}
        busy={sending}
        buttonRef={ok}
        aria-describedby="transfer-plan"
        onClick={onOk}
      >
        {t("common.ok")}
      </Button>
    </div>
  );
}

interface LabelledTextProps {
  label: string;
  hint: string;
  value: string;
  longest: number;
  lines?: number;
  onValue: (text: string) => void;
}

function LabelledText({ label, hint, value, longest, lines, onValue }: LabelledTextProps) {
  const common = {
    class: css.text,
    placeholder: hint,
    maxLength: longest,
    value,
    onInput: (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value),
  };
  return (
    <label class={css.labelled}>
      <span class={css.label}>
        {label} <span class={css.optional}>({t("transfer.optional")})</span>
      </span>
      {lines === undefined ? <input type="text" {...common} /> : <textarea rows={lines} {...common} />}
    </label>
  );
}

const WAYS: readonly Way[] = ["supervised", "unsupervised"];

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function enoughDigits(text: string): boolean {
  return text.replace(/\D/g, "").length >= 3 || /\p{L}/u.test(text);
}

function isFree(eligible: readonly { id: string }[], agent: string): boolean {
  return eligible.some(({ id }) => id === agent);
}

/** A typed number as the gateway reads it. */
function nameAsRead(target: Target | null, check: Check): Target | null {
  if (target?.kind !== "number") return target;
  return { ...target, shown: check.state === "known" ? check.answer.destination.shown : null };
}

/** What stands under the number: what will be called, or a sentence about what is wrong with it. */
function numberSays(text: string, check: Check, possible: boolean, left: boolean): { hint?: string; error?: string } {
  if (!possible) return { hint: t("transfer.noOutsideLine") };
  if (text.trim() === "") return { hint: t("transfer.numberExample") };
  if (check.state === "none")
    return left ? { error: t("transfer.numberInvalid") } : { hint: t("transfer.numberIncomplete") };
  if (check.state !== "known") return { hint: " " };
  const { answer } = check;
  if (answer.allowed) return { hint: t("transfer.numberCalls", { number: answer.destination.shown ?? text }) };
  if (answer.code === "invalid_number") {
    // Whoever is still typing knows that it is not complete.
    return left || /[^+0-9\s()./-]/.test(text)
      ? { error: t("transfer.numberInvalid") }
      : { hint: t("transfer.numberIncomplete") };
  }
  const target: Target = { kind: "number", id: text, shown: answer.destination.shown };
  return { error: refusalText(answer, target, "supervised") };
}
