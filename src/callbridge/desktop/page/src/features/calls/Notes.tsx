import { signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api, newKey } from "../../api/client";
import type { Call, Note } from "../../api/types";
import { away } from "../../desk/away";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Plain } from "../../ui/Plain";
import { toastProblem } from "../../ui/Toasts";
import css from "./calls.module.css";
import { timeOfDay } from "./timeOfDay";
import type { Part } from "./words";

const LONGEST = 2000;

/** What is being written, by call: whoever looks at another call meanwhile finds it again. In memory only. */
const drafts = signal<ReadonlyMap<string, string>>(new Map());

function draft(call: string, text: string): void {
  const changed = new Map(drafts.value);
  if (text === "") changed.delete(call);
  else changed.set(call, text);
  drafts.value = changed;
}

export function Notes({ call, part }: { call: Call; part: Part }) {
  return (
    <section class={css.notes} aria-label={t("notes.title")}>
      <h3 class={css.section}>{t("notes.title")}</h3>
      {call.notes.length === 0 ? (
        <p class={css.none}>{t("notes.none")}</p>
      ) : (
        <ol class={css.noteList}>
          {call.notes.map((note, index) => (
            <li key={`${note.at} ${index}`}>
              <Written note={note} />
            </li>
          ))}
        </ol>
      )}
      <Writing call={call} part={part} />
    </section>
  );
}

function Written({ note }: { note: Note }) {
  return (
    <article class={css.note}>
      <p class={css.noteBy}>
        <b>{agentName(note.by)}</b> <span class="numbers">{timeOfDay(note.at)}</span>
      </p>
      <Plain text={note.text} />
    </article>
  );
}

function Writing({ call, part }: { call: Call; part: Part }) {
  const saving = useSignal(false);
  /** One key for one text: pressed again after a failure, it is not written twice. */
  const key = useSignal<{ text: string; key: string } | null>(null);
  const id = useId();
  const text = drafts.value.get(call.id) ?? "";
  if (part === "asked") return <p class={css.hint}>{t("notes.notYours")}</p>;
  const may = part === "mine" || mayNoteStill(call, model.me.value?.id);
  if (!may && text === "") return <p class={css.hint}>{t("notes.over")}</p>;
  const why = may ? away.value : t("notes.over");
  const save = async () => {
    const wanted = text.trim();
    if (wanted === "" || saving.value || why !== null) return;
    if (key.value?.text !== wanted) key.value = { text: wanted, key: newKey() };
    saving.value = true;
    try {
      await api.post("/v1/calls/{call}/notes", {
        path: { call: call.id },
        body: { text: wanted },
        key: key.value?.key ?? newKey(),
      });
      // What was written on meanwhile stays.
      if (drafts.value.get(call.id)?.trim() === wanted) draft(call.id, "");
    } catch (error) {
      toastProblem(error);
    } finally {
      saving.value = false;
    }
  };
  return (
    <form
      class={css.writing}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label class="visually-hidden" for={id}>
        {t("notes.add")}
      </label>
      <textarea
        id={id}
        class={css.field}
        rows={3}
        maxLength={LONGEST}
        placeholder={t("notes.placeholder")}
        value={text}
        onInput={(event) => draft(call.id, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <div class={css.writingFoot}>
        {why !== null && <p class={css.hint}>{why}</p>}
        <Button type="submit" busy={saving.value} disabled={why !== null || text.trim() === ""} shortcut={SAVE}>
          {t("notes.save")}
        </Button>
      </div>
    </form>
  );
}

/** Whoever had a call last adds notes also while nobody has it, and for a while after its end. */
export function mayNoteStill(call: Pick<Call, "agent" | "last_agent">, me: string | undefined): boolean {
  return call.agent === null && me !== undefined && call.last_agent?.id === me;
}

const SAVE = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ ⏎" : "Ctrl ⏎";
