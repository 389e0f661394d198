import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { Call } from "../../api/types";
import { connection } from "../../api/stream";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { toastProblem } from "../../ui/Toasts";
import css from "./calls.module.css";
import { type Entry, entryReason, entryText } from "./entries";
import { timeOfDay } from "./timeOfDay";

const PAGE = 25;

/** What happened to the call, the newest first; asked for anew whenever the call changes. */
export function History({ call }: { call: Call }) {
  const entries = useSignal<readonly Entry[] | null>(null);
  const next = useSignal<string | null>(null);
  const loading = useSignal(false);
  const live = connection.value.state === "live";
  const seen = `${call.state} ${call.stage} ${call.agent} ${call.transfer?.state} ${call.consult?.offer} ${live}`;

  const load = async (cursor: string | null, signal?: AbortSignal) => {
    loading.value = true;
    try {
      const query = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
      const page = await api.get("/v1/calls/{call}/history", {
        path: { call: call.id },
        query,
        ...(signal ? { signal } : {}),
      });
      if (signal?.aborted) return;
      entries.value = cursor === null ? page.items : [...(entries.value ?? []), ...page.items];
      next.value = page.next_cursor;
    } catch (error) {
      if (!signal?.aborted && cursor !== null) toastProblem(error);
      entries.value ??= [];
    } finally {
      loading.value = false;
    }
  };
  useEffect(() => {
    const gone = new AbortController();
    void load(null, gone.signal);
    return () => gone.abort();
  }, [seen]);

  if (entries.value === null) return <p class={css.none}>{t("common.loading")}</p>;
  if (entries.value.length === 0) return <p class={css.none}>{t("history.none")}</p>;
  return (
    <>
      <ol class={css.history}>
        {entries.value.map((entry, index) => {
          const why = entryReason(entry);
          return (
            <li key={`${entry.at} ${entry.kind} ${index}`} class={css.entry}>
              <span class={css.entryTime}>{timeOfDay(entry.at, true)}</span>
              <span class={css.entryText}>
                <bdi dir="auto">{entryText(entry, call)}</bdi>
                {why && <span class={css.entryWhy}> {why}</span>}
              </span>
            </li>
          );
        })}
      </ol>
      {next.value && (
        <Button kind="quiet" size="small" busy={loading.value} onClick={() => void load(next.value)}>
          {t("history.more")}
        </Button>
      )}
    </>
  );
}
