import { useEffect } from "preact/hooks";
import { Undo2 } from "lucide-preact";
import { api } from "../../api/client";
import type { Transfer } from "../../api/types";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { Elapsed } from "../../ui/Time";
import { toast } from "../../ui/Toasts";
import { usePending } from "./pending";
import { destinationName, failureText, theCall } from "./sentences";
import css from "./transfer.module.css";

/** Calls that I have handed over and nobody has yet: whom they wait for, and Take back. Takes no props. */
export function OnTheirWay() {
  const me = model.me.value?.id;
  useEffect(() => model.onEvent((event) => event.type === "transfer.updated" && say(event.data.transfer)), []);
  const waiting = [...model.transfers.value.values()].filter(
    (transfer) => transfer.by === me && model.calls.value.get(transfer.call)?.agent !== me,
  );
  if (waiting.length === 0) return null;
  return (
    <section class={css.underWay} aria-label={t("transfer.underWay")}>
      {waiting.map((transfer) => (
        <Row key={transfer.id} transfer={transfer} />
      ))}
    </section>
  );
}

function Row({ transfer }: { transfer: Transfer }) {
  const call = callOf(transfer);
  const { name, problem, run } = usePending(transfer.state, true);
  return (
    <div class={css.underWayRow}>
      <p class={css.underWayText}>
        {t("transfer.underWayTo", {
          call: call === undefined ? t("transfer.callOfUnknown") : theCall(call),
          target: destinationName(transfer),
        })}{" "}
        <Elapsed since={transfer.made_at} />
      </p>
      <Button
        size="small"
        gateway
        icon={Undo2}
        busy={name !== null}
        onClick={() =>
          run("cancel", () => api.post("/v1/transfers/{transfer}:cancel", { path: { transfer: transfer.id } }))
        }
      >
        {t("transfer.takeBack")}
      </Button>
      {problem !== null && <Notice kind="error">{problemText(problem)}</Notice>}
    </div>
  );
}

function callOf(transfer: Transfer) {
  return model.calls.value.get(transfer.call) ?? model.past.value.get(transfer.call);
}

/** What became of it, once; while I have the call it is said there. */
function say(transfer: Transfer): void {
  const me = model.me.value?.id;
  if (transfer.by !== me || me === undefined) return;
  if (transfer.state === "completed") {
    const who = transfer.taken_by === null ? destinationName(transfer) : agentName(transfer.taken_by);
    toast(t("transfer.taken", { name: who }), "good");
  } else if (transfer.state === "failed" || transfer.state === "cancelled") {
    const call = model.calls.value.get(transfer.call);
    if (call?.agent === me) return;
    const ended = transfer.failure === "caller_hung_up" || transfer.failure === "call_ended";
    toast(ended ? failureText(transfer, false) : `${failureText(transfer, false)} ${t("transfer.failed.comesBack")}`);
  }
}
