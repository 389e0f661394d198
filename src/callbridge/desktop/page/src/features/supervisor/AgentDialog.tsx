import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { api } from "../../api/client";
import { reasonName } from "../../model/reasons";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Select } from "../../ui/Field";
import { Notice } from "../../ui/Notice";
import { StateDot } from "../../ui/StateDot";
import { Elapsed } from "../../ui/Time";
import { toastProblem } from "../../ui/Toasts";
import type { AgentRow } from "./rows";
import css from "./supervisor.module.css";

type Wanted = "available" | "busy" | "offline";

const IN_CALL = new Set<AgentRow["state"]>(["on_call", "offered", "wrap_up"]);

/** One agent: all that is known, and the states that a supervisor may set. Closes where they are configured no more. */
export function AgentDialog({ row, onClose }: { row: AgentRow; onClose: () => void }) {
  const wanted = useSignal<Wanted | null>(null);
  const reason = useSignal("");
  const may = model.scopes.value.includes("agents:write");
  const reasons = model.me.value?.options.not_ready_reasons ?? [];

  const set = async (state: Wanted) => {
    if (wanted.value !== null) return;
    wanted.value = state;
    try {
      const why = state === "busy" && reason.value ? reason.value : null;
      await api.put("/v1/agents/{agent}/state", { path: { agent: row.id }, body: { state, reason: why } });
    } catch (error) {
      toastProblem(error);
    } finally {
      wanted.value = null;
    }
  };
  return (
    <Dialog title={row.name} onClose={onClose}>
      <dl class={css.facts}>
        <Fact title={t("supervisor.state")}>
          <StateDot state={row.state} phone={row.phone} />
          {row.reason !== null && <span class={css.reason}> {reasonName(row.reason)}</span>}
          {row.since !== null && (
            <>
              {" · "}
              <Elapsed since={row.since} />
            </>
          )}
        </Fact>
        <Fact title={t("supervisor.call")}>
          {row.caller === null ? t("calls.none") : row.caller || t("common.unknownCaller")}
          {row.callGroup !== null && <> · {row.callGroup}</>}
          {row.callSince !== null && (
            <>
              {" · "}
              <Elapsed since={row.callSince} />
            </>
          )}
        </Fact>
        <Fact title={t("supervisor.groupsOf")}>{row.groupNames || "–"}</Fact>
        <Fact title={t("supervisor.phone")}>{t(`supervisor.phone.${row.phone}`)}</Fact>
      </dl>
      {may && (
        <section class={css.change} aria-label={t("supervisor.change")}>
          <h3>{t("supervisor.change")}</h3>
          {IN_CALL.has(row.state) && <Notice>{t("supervisor.changeInCall")}</Notice>}
          <div class={css.changeRow}>
            <Button
              gateway
              disabled={row.state === "available"}
              busy={wanted.value === "available"}
              onClick={() => set("available")}
            >
              {t("state.available")}
            </Button>
            {row.state !== "offline" && (
              <Button kind="danger" gateway busy={wanted.value === "offline"} onClick={() => set("offline")}>
                {t("supervisor.logOut")}
              </Button>
            )}
          </div>
          <div class={css.changeRow}>
            <Select
              label={t("supervisor.reason")}
              value={reason.value}
              options={[
                { value: "", text: t("supervisor.noReason") },
                ...reasons.map(({ id }) => ({ value: id, text: reasonName(id) })),
              ]}
              onChange={(value) => {
                reason.value = value;
              }}
            />
            <Button gateway busy={wanted.value === "busy"} onClick={() => set("busy")}>
              {t("state.busy")}
            </Button>
          </div>
        </section>
      )}
    </Dialog>
  );
}

function Fact({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class={css.fact}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
