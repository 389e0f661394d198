import { type ReadonlySignal, type Signal, signal, useComputed, useSignal } from "@preact/signals";
import { PhoneForwarded, Search, X } from "lucide-preact";
import { type Ref } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Collapsible } from "../../ui/Collapsible";
import { Icon } from "../../ui/Icon";
import { bestOf } from "./best";
import { useFound } from "./found";
import { looksLikeNumber, type Row, rowsOf, SECTIONS, stepTo, toggledIn } from "./search";
import type { Target } from "./sentences";
import { domId, Rows, targetOf } from "./TargetRows";
import css from "./transfer.module.css";

/** Groups that were opened or closed by hand stay so on the next call. */
const toggled = signal<ReadonlyMap<string, boolean>>(new Map());

interface TargetListProps {
  query: Signal<string>;
  /** The row that is chosen; null: none. */
  chosen: ReadonlySignal<string | null>;
  onChoose: (target: Target, row: string) => void;
  /** What was typed into the search is meant as a number. */
  onNumber: ((number: string) => void) | null;
  /** Ctrl and Enter. */
  onGo: () => void;
  inputRef: Ref<HTMLInputElement>;
}

/**
 * The search and its three sections: one field, and arrow keys through all rows that are to be seen. While somebody
 * types, the row that fits best is marked, and Enter takes it; arrow keys go on from there.
 */
export function TargetList({ query, chosen, onChoose, onNumber, onGo, inputRef }: TargetListProps) {
  const id = useId();
  /** Where the arrow keys have led. */
  const stepped = useSignal<string | null>(null);
  /** Opened or closed by hand since something was typed last. */
  const meanwhile = useSignal<ReadonlyMap<string, boolean>>(new Map());
  /** Enter came before all was found that the row is chosen from. */
  const early = useSignal(false);
  const list = useRef<HTMLDivElement>(null);
  const all = useFound(query);
  const searching = query.value.trim() !== "";
  const open = useComputed(() => toggledIn(query.value.trim() !== "", toggled.value, meanwhile.value));
  const best = useComputed(() => {
    const found = all.value;
    return found === null ? null : bestOf(found.index, found.hits, query.value, open.value);
  });
  const rowOf = (key: string | null): Row | null => {
    const found = all.value;
    if (found === null || key === null) return null;
    const rows = SECTIONS.flatMap((section) => rowsOf(found.hits, section, open.value));
    return rows.find((row) => row.key === key) ?? null;
  };
  const marked = useComputed(() => rowOf(stepped.value)?.key ?? best.value?.key ?? null);
  const found = all.value;
  const upTo = best.value?.key ?? null;
  const none = searching && found?.hits.count === 0;

  const elements = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
  const element = (key: string | null) => elements().find((row) => row.dataset["row"] === key);
  const move = (by: number) => {
    stepped.value = stepTo(
      elements().map((row) => row.dataset["row"] ?? ""),
      marked.value,
      by,
    );
    element(stepped.value)?.scrollIntoView({ block: "nearest" });
  };
  const choose = (row: Row) => onChoose(targetOf(row), row.key);
  const take = () => {
    const row = rowOf(marked.value);
    if (row !== null) choose(row);
  };
  const waits = found === null || found.asking;
  useEffect(() => {
    if (!early.value || waits) return;
    early.value = false;
    take();
  }, [early.value, waits]);
  useEffect(() => {
    if (upTo !== null) element(upTo)?.scrollIntoView({ block: "nearest" });
  }, [upTo]);

  const setOpen = (group: string, to: boolean) => {
    const changed = searching ? meanwhile : toggled;
    changed.value = new Map(changed.value).set(group, to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const field = event.currentTarget as HTMLInputElement;
    const row = element(marked.value);
    const group = row?.dataset["group"];
    const expanded = row?.getAttribute("aria-expanded");
    const atEnd = field.selectionStart === field.value.length && field.selectionEnd === field.value.length;
    early.value = false;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "PageDown") move(8);
    else if (event.key === "PageUp") move(-8);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onGo();
    else if (event.key === "Enter" && searching && stepped.value === null && (all.value?.asking ?? true))
      early.value = true;
    else if (event.key === "Enter") take();
    else if (event.key === "ArrowRight" && atEnd && expanded === "false" && group !== undefined) setOpen(group, true);
    else if (event.key === "ArrowLeft" && (field.value === "" || event.altKey) && group !== undefined) collapse(group);
    else return;
    event.preventDefault();
  };
  /** From one of its agents to the group, from the group to nothing. */
  const collapse = (group: string) => {
    if (element(group)?.getAttribute("aria-expanded") !== "true") return;
    setOpen(group, false);
    stepped.value = group;
  };
  const ask = (text: string) => {
    query.value = text;
    stepped.value = null;
    early.value = false;
    meanwhile.value = new Map();
  };

  return (
    <>
      <div class={css.search}>
        <Icon of={Search} />
        <input
          ref={inputRef}
          class={css.searchField}
          type="text"
          role="combobox"
          aria-label={t("transfer.search")}
          aria-expanded="true"
          aria-autocomplete="list"
          aria-haspopup="tree"
          aria-controls={SECTIONS.map((section) => `${id}-${section}`).join(" ")}
          aria-activedescendant={marked.value === null ? undefined : domId(id, marked.value)}
          placeholder={t("transfer.search")}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          maxLength={100}
          autoFocus
          value={query.value}
          onInput={(event) => {
            ask(event.currentTarget.value);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => {
            stepped.value = null;
            early.value = false;
          }}
        />
        {searching && <HitCount count={found?.hits.count ?? 0} />}
        {searching && (
          <Button kind="quiet" size="small" icon={X} aria-label={t("transfer.clear")} onClick={() => ask("")} />
        )}
      </div>
      {/* Focusable by script only: the keys are the field's. */}
      <div class={css.list} ref={list} tabIndex={-1}>
        {found === null && <p class={css.quiet}>{t("common.loading")}</p>}
        {onNumber !== null && looksLikeNumber(query.value) && (
          <Button kind="quiet" wide icon={PhoneForwarded} onClick={() => onNumber(query.value)} class={css.useNumber}>
            {t("transfer.useNumber", { number: query.value.trim() })}
          </Button>
        )}
        {none && (
          <p class={css.quiet}>{t(looksLikeNumber(query.value) ? "transfer.noHitsNumber" : "transfer.noHits")}</p>
        )}
        {found !== null &&
          SECTIONS.map((section) => {
            const shown = rowsOf(found.hits, section, open.value);
            if (searching && shown.length === 0) return null;
            return (
              <Collapsible
                key={section}
                name={`transfer.${section}`}
                title={t(`transfer.${section}`)}
                forceOpen={searching}
                side={shown.filter((row) => row.kind !== "agent").length}
              >
                {shown.length === 0 ? (
                  <p class={css.quiet}>{t(`transfer.none.${section}`)}</p>
                ) : (
                  <Rows
                    id={id}
                    section={section}
                    query={query.value}
                    rows={shown}
                    upTo={upTo}
                    marked={marked}
                    chosen={chosen}
                    onChoose={choose}
                    onOpen={setOpen}
                  />
                )}
              </Collapsible>
            );
          })}
        {found?.more && <p class={css.quiet}>{t("transfer.moreAtGateway")}</p>}
      </div>
    </>
  );
}

/** Said when the typing pauses, not with every key. */
function HitCount({ count }: { count: number }) {
  const said = useSignal("");
  const text = t("transfer.hits", { count });
  useEffect(() => {
    const timer = setTimeout(() => {
      said.value = text;
    }, 400);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <>
      <span class={css.hitCount} aria-hidden="true">
        {text}
      </span>
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </>
  );
}
