import { useComputed, useSignal } from "@preact/signals";
import { NotebookPen } from "lucide-preact";
import { api } from "../../api/client";
import { asProblem } from "../../api/problem";
import { asClock, now, secondsUntil } from "../../model/clock";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { TimeRing } from "../../ui/TimeRing";
import { toastProblem } from "../../ui/Toasts";
import css from "./strips.module.css";

/** Wrap-up with its countdown, and how to end it. Takes no props. */
export function WrapUp() {
  const ending = useSignal(false);
  const me = model.me.value;
  const left = useComputed(() => secondsUntil(model.me.value?.wrap_up_until ?? null, now.value));
  const clock = useComputed(() => asClock(left.value));
  const spoken = useComputed(() => t("wrapup.left", { count: left.value }));
  if (me === null || me.state !== "wrap_up") return null;
  const end = async () => {
    ending.value = true;
    try {
      await api.post("/v1/me/state:end-wrap-up", { body: {} });
    } catch (error) {
      // It ended by itself in the same moment.
      if (asProblem(error).code !== "not_in_wrap_up") toastProblem(error);
    } finally {
      ending.value = false;
    }
  };
  const until = me.wrap_up_until;
  const from = until === null ? null : new Date(Date.parse(until) - me.options.wrap_up * 1000).toISOString();
  return (
    <section class={css.strip} data-kind="wrapup" aria-label={t("wrapup.title")}>
      <TimeRing from={from} until={until} size={44} class={css.icon}>
        <Icon of={NotebookPen} size={18} />
      </TimeRing>
      <div class={css.text}>
        <h2 class={css.title}>
          {t("wrapup.title")}{" "}
          <span class="numbers" role="timer" aria-live="off" aria-label={spoken}>
            {clock}
          </span>
        </h2>
        <p>{me.presence === "available" ? t("wrapup.next.available") : t("wrapup.next.busy")}</p>
      </div>
      <div class={css.buttons}>
        <Button kind="primary" gateway busy={ending.value} onClick={() => void end()}>
          {t("wrapup.end")}
        </Button>
      </div>
    </section>
  );
}
