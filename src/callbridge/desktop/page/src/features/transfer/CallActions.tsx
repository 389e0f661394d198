import { ArrowLeftRight, Pause, PhoneOff, Play } from "lucide-preact";
import { api } from "../../api/client";
import type { Call } from "../../api/types";
import { model } from "../../model/store";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { openTransfer } from "./opened";
import { usePending } from "./pending";
import { isConsulted, isSettled, signatureOf, verbsOf } from "./verbs";
import css from "./controls.module.css";

/**
 * The buttons of a call of mine outside of a supervised transfer: Transfer, Hold, Resume (which switches, where
 * another call is active), Hang up. For the call's header; during a supervised transfer it shows nothing, the buttons
 * are in `TransferControls` then.
 */
export function CallActions({ call }: { call: Call }) {
  const me = model.me.value;
  const verbs = verbsOf(call, me?.id, me?.capabilities);
  const { name, problem, run } = usePending(signatureOf(call), isSettled(call, me?.id));
  // Those who are consulted, and conferences that came to one, hang up in TransferControls.
  const here = call.stage === null || call.stage === "held";
  if (!here || isConsulted(call, me?.id) || !(verbs.hangUp || verbs.transfer || verbs.hold || verbs.resume))
    return null;
  const elsewhere = model.myCalls.value.some(
    (other) => other.id !== call.id && other.agent === me?.id && isActive(other),
  );
  const path = { call: call.id };
  const busy = (verb: string) => ({ busy: name === verb, disabled: name !== null && name !== verb });
  return (
    <div class={css.actions} role="group" aria-label={t("controls.label")}>
      {verbs.transfer && (
        <Button kind="primary" icon={ArrowLeftRight} disabled={name !== null} onClick={() => openTransfer(call.id)}>
          {t("controls.transfer")}
        </Button>
      )}
      {verbs.hold && (
        <Button
          icon={Pause}
          {...busy("hold")}
          onClick={() => run("hold", () => api.post("/v1/calls/{call}:hold", { path }))}
        >
          {t("controls.hold")}
        </Button>
      )}
      {verbs.resume && (
        <Button
          icon={Play}
          {...busy("resume")}
          onClick={() => run("resume", () => api.post("/v1/calls/{call}:resume", { path }))}
        >
          {t(elsewhere ? "controls.resumeInstead" : "controls.resume")}
        </Button>
      )}
      {verbs.hangUp && (
        <Button
          kind="danger"
          icon={PhoneOff}
          {...busy("hangUp")}
          onClick={() => run("hangUp", () => api.post("/v1/calls/{call}:hangup", { path }))}
        >
          {t("controls.hangUp")}
        </Button>
      )}
      {problem !== null && <Notice kind="error">{problemText(problem)}</Notice>}
    </div>
  );
}

function isActive(call: Call): boolean {
  return call.state === "talking" || (call.state === "consulting" && call.stage !== "held");
}
