import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api, newKey } from "../../api/client";
import type { Call, Note, Pop } from "../../api/types";
import { away } from "../../desk/away";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Plain } from "../../ui/Plain";
import { toast, toastProblem } from "../../ui/Toasts";
import css from "./calls.module.css";
import { type Draft, draft, draftOf, LONGEST } from "./drafts";
import { timeOfDay } from "./timeOfDay";
import { callerName, type Part } from "./words";

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
      {part === "asked" ? (
        <p class={css.hint}>{t("notes.notYours")}</p>
      ) : (
        <Writing
          call={call.id}
          caller={callerName(call)}
          over={part === "over"}
          may={part === "mine" || mayNoteStill(call, model.pops.value.get(call.id), model.me.value?.id)}
        />
      )}
    </section>
  );
}

/** A note of a call that the gateway shows no more, because it goes on with somebody else: it can be finished. */
export function NoteAlone({ draft: of }: { draft: Draft }) {
  return (
    <>
      <header class={css.head}>
        <h2 class={css.title}>
          <Plain text={of.caller} line />
        </h2>
      </header>
      <section class={css.notes} aria-label={t("notes.title")}>
        <h3 class={css.section}>{t("notes.title")}</h3>
        <p class={css.hint}>{t("notes.elsewhere")}</p>
        <Writing call={of.call} caller={of.caller} over may />
      </section>
    </>
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

interface WritingProps {
  /** Its id. */
  call: string;
  caller: string;
  /** It is not mine any more. */
  over: boolean;
  may: boolean;
}

function Writing({ call, caller, over, may }: WritingProps) {
  const saving = useSignal(false);
  /** One key for one text: pressed again after a failure, it is not written twice. */
  const key = useSignal<{ text: string; key: string } | null>(null);
  const id = useId();
  const text = draftOf(call)?.text ?? "";
  const write = (changed: string) => draft(call, changed, caller);
  if (!may && text === "") return <p class={css.hint}>{t("notes.over")}</p>;
  const why = may ? away.value : t("notes.over");
  const save = async () => {
    const wanted = text.trim();
    if (wanted === "" || saving.value || why !== null) return;
    if (key.value?.text !== wanted) key.value = { text: wanted, key: newKey() };
    saving.value = true;
    try {
      await api.post("/v1/calls/{call}/notes", {
        path: { call },
        body: { text: wanted },
        key: key.value?.key ?? newKey(),
      });
      // What was written on meanwhile stays.
      if (draftOf(call)?.text.trim() === wanted) write("");
      if (over) toast(t("notes.saved"), "good");
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
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <div class={css.writingFoot}>
        {why !== null && <p class={css.hint}>{why}</p>}
        {over && text !== "" && (
          <Button kind="quiet" onClick={() => write("")}>
            {t("notes.discard")}
          </Button>
        )}
        <Button type="submit" busy={saving.value} disabled={why !== null || text.trim() === ""} shortcut={SAVE}>
          {t("notes.save")}
        </Button>
      </div>
    </form>
  );
}

/**
 * Whoever had a call adds notes also afterwards: while it goes on with somebody else, and when it is over. The screen pop
 * says whose it was where the call itself names others by now.
 */
export function mayNoteStill(
  call: Pick<Call, "agent" | "last_agent" | "transfer">,
  pop: Pick<Pop, "agent" | "preview"> | undefined,
  me: string | undefined,
): boolean {
  if (me === undefined) return false;
  const popped = pop?.agent === me && !pop.preview;
  return popped || [call.agent, call.last_agent?.id, call.transfer?.by].includes(me);
}

const SAVE = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ ⏎" : "Ctrl ⏎";
