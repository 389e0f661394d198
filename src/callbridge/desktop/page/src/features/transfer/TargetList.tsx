import { type ReadonlySignal, type Signal, signal, useComputed, useSignal } from "@preact/signals";
import { BookUser, ChevronRight, PhoneForwarded, Search, UsersRound, X } from "lucide-preact";
import { type Ref } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { DirectoryAgent, DirectoryGroup, DirectoryPreset } from "../../api/types";
import { directory } from "../../model/directory";
import { reasonText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Collapsible } from "../../ui/Collapsible";
import { Icon } from "../../ui/Icon";
import { StateDot } from "../../ui/StateDot";
import { Elapsed } from "../../ui/Time";
import { cx } from "../../ui/cx";
import { useFound } from "./found";
import { useAgent, useGroup } from "./live";
import { looksLikeNumber, type Row, rowsOf, type Section, SECTIONS, stepTo } from "./search";
import { type Target, waitText } from "./sentences";
import css from "./transfer.module.css";

/** Groups that were opened or closed by hand stay so on the next call. */
const toggled = signal<ReadonlyMap<string, boolean>>(new Map());

/** Rows of a section that are made at first, and each time when the last one comes into view. */
const FIRST = 20;
const MORE = 100;

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

/** The search and its three sections: one field, and arrow keys through all rows that are to be seen. */
export function TargetList({ query, chosen, onChoose, onNumber, onGo, inputRef }: TargetListProps) {
  const id = useId();
  const active = useSignal<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = useFound(query).value;
  const searching = query.value.trim() !== "";
  const none = searching && found?.hits.count === 0;

  const rows = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
  const element = (key: string) => rows().find((row) => row.dataset["row"] === key);
  const move = (by: number) => {
    active.value = stepTo(
      rows().map((row) => row.dataset["row"] ?? ""),
      active.value,
      by,
    );
    if (active.value !== null) element(active.value)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const field = event.currentTarget as HTMLInputElement;
    const row = active.value === null ? undefined : element(active.value);
    const expanded = row?.getAttribute("aria-expanded");
    const atEnd = field.selectionStart === field.value.length && field.selectionEnd === field.value.length;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "PageDown") move(8);
    else if (event.key === "PageUp") move(-8);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onGo();
    else if (event.key === "Enter") (row ?? (searching ? rows()[0] : undefined))?.click();
    else if (event.key === "ArrowRight" && atEnd && expanded === "false") toggle(row);
    else if (event.key === "ArrowLeft" && (field.value === "" || event.altKey) && row) collapse(row);
    else return;
    event.preventDefault();
  };
  const toggle = (row: HTMLElement | undefined) => {
    const group = row?.dataset["group"];
    if (group !== undefined) setOpen(group, row?.getAttribute("aria-expanded") !== "true");
  };
  const collapse = (row: HTMLElement) => {
    // From one of its agents to the group, from the group to nothing.
    const group = row.dataset["group"] ?? "";
    const head = element(group);
    if (head?.getAttribute("aria-expanded") !== "true") return;
    setOpen(group, false);
    active.value = group;
  };
  const ask = (text: string) => {
    query.value = text;
    active.value = null;
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
          aria-activedescendant={active.value === null ? undefined : domId(id, active.value)}
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
            active.value = null;
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
            const shown = rowsOf(found.hits, section, toggled.value);
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
                    active={active}
                    chosen={chosen}
                    onChoose={onChoose}
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

interface RowsProps {
  id: string;
  section: Section;
  query: string;
  rows: readonly Row[];
  active: Signal<string | null>;
  chosen: ReadonlySignal<string | null>;
  onChoose: (target: Target, row: string) => void;
}

/** Only as many as can be seen, and more when the end comes into view. */
function Rows({ id, section, query, rows, active, chosen, onChoose }: RowsProps) {
  const limit = useSignal(FIRST);
  const searched = useRef(query);
  if (searched.current !== query) {
    searched.current = query;
    limit.value = FIRST;
  }
  const end = useRef<HTMLButtonElement>(null);
  const more = rows.length > limit.value;
  useLayoutEffect(() => {
    if (!more || end.current === null || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(
      (seen) => {
        if (seen.some((entry) => entry.isIntersecting)) limit.value += MORE;
      },
      { rootMargin: "300px" },
    );
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [more, limit.value]);
  const groups = rows.filter((row) => row.kind !== "agent").length;
  let at = 0;
  return (
    <>
      <div class={css.rows} role="tree" id={`${id}-${section}`} aria-label={t(`transfer.${section}`)}>
        {rows.slice(0, limit.value).map((row) => {
          if (row.kind !== "agent") at++;
          const place = { id: domId(id, row.key), active, chosen, onChoose, at, of: groups };
          if (row.kind === "group") return <GroupRow key={row.key} row={row} {...place} />;
          if (row.kind === "agent") return <AgentRow key={row.key} row={row} {...place} />;
          return <PresetRow key={row.key} row={row} {...place} />;
        })}
      </div>
      {more && (
        <Button
          kind="quiet"
          size="small"
          wide
          buttonRef={end}
          onClick={() => {
            limit.value += MORE;
          }}
        >
          {t("transfer.more")}
        </Button>
      )}
    </>
  );
}

interface Place {
  id: string;
  active: Signal<string | null>;
  chosen: ReadonlySignal<string | null>;
  onChoose: (target: Target, row: string) => void;
  at: number;
  of: number;
}

/** What all rows have in common; each is drawn anew only where it is or was the active or the chosen one. */
function useRow(key: string, { active, chosen }: Place): { isActive: boolean; isChosen: boolean } {
  return {
    isActive: useComputed(() => active.value === key).value,
    isChosen: useComputed(() => chosen.value === key).value,
  };
}

function GroupRow({ row, ...place }: { row: Row & { kind: "group"; group: DirectoryGroup } } & Place) {
  const { isActive, isChosen } = useRow(row.key, place);
  const { group } = row;
  return (
    <div
      id={place.id}
      class={cx(css.row, isActive && css.rowActive, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={1}
      aria-setsize={place.of}
      aria-posinset={place.at}
      aria-expanded={row.opens ? row.open : undefined}
      aria-selected={isChosen}
      data-row={row.key}
      data-group={group.id}
      onClick={() => place.onChoose({ kind: "group", id: group.id, name: group.name }, row.key)}
    >
      <span
        class={cx(css.toggle, !row.opens && css.toggleNone)}
        aria-hidden="true"
        title={
          row.opens ? t(row.open ? "transfer.hideAgents" : "transfer.showAgents", { name: group.name }) : undefined
        }
        onClick={(event) => {
          event.stopPropagation();
          if (row.opens) setOpen(group.id, !row.open);
        }}
      >
        <ChevronRight size={16} class={cx(css.chevron, row.open && css.chevronOpen)} />
      </span>
      <span class={css.rowIcon}>
        <Icon of={UsersRound} />
      </span>
      <span class={css.rowName}>{group.name}</span>
      <GroupState group={group} />
    </div>
  );
}

/** "2 free · 1 waits · about 2 minutes". */
export function GroupState({ group }: { group: DirectoryGroup }) {
  const { available, waiting, expected_wait } = useGroup(group);
  return (
    <span class={css.rowState}>
      <span class={cx(css.free, available === 0 && css.freeNone)}>
        {available === 0 ? t("transfer.nobodyFree") : t("transfer.free", { count: available })}
      </span>
      {waiting > 0 && <span>{t("transfer.waiting", { count: waiting })}</span>}
      {available <= waiting && expected_wait !== null && <span class={css.rowWait}>{waitText(expected_wait)}</span>}
    </span>
  );
}

function AgentRow({ row, ...place }: { row: Row & { kind: "agent"; agent: DirectoryAgent } } & Place) {
  const { isActive, isChosen } = useRow(row.key, place);
  const { agent } = row;
  const group = row.key.slice(0, row.key.length - agent.id.length - 1);
  return (
    <div
      id={place.id}
      class={cx(css.row, css.rowAgent, isActive && css.rowActive, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={2}
      aria-setsize={row.of}
      aria-posinset={row.at}
      aria-selected={isChosen}
      data-row={row.key}
      data-group={group}
      onClick={() => place.onChoose({ kind: "agent", id: agent.id, name: agent.name }, row.key)}
    >
      <span class={css.rowName}>{agent.name}</span>
      <AgentState agent={agent} />
    </div>
  );
}

/** State in words, why busy, and how long. */
export function AgentState({ agent }: { agent: DirectoryAgent }) {
  const { state, since, reason } = useAgent(agent);
  return (
    <span class={css.rowState}>
      <StateDot state={state} />
      {state === "busy" && reason && <span class={css.rowReason}>{reasonText(reason)}</span>}
      {state !== "offline" && since !== null && <Elapsed since={since} />}
    </span>
  );
}

function PresetRow({ row, ...place }: { row: Row & { kind: "preset"; preset: DirectoryPreset } } & Place) {
  const { isActive, isChosen } = useRow(row.key, place);
  const { preset } = row;
  const refusal = preset.supervised_allowed ? null : preset.supervised_refusal;
  return (
    <div
      id={place.id}
      class={cx(css.row, isActive && css.rowActive, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={1}
      aria-setsize={place.of}
      aria-posinset={place.at}
      aria-selected={isChosen}
      data-row={row.key}
      onClick={() => place.onChoose({ kind: "preset", id: preset.id, name: preset.name, shown: preset.shown }, row.key)}
    >
      <span class={css.rowIcon}>
        <Icon of={BookUser} />
      </span>
      <span class={css.rowName}>
        {preset.name}
        <span class={css.rowOf}>{preset.group.name}</span>
      </span>
      <span class={css.rowState}>
        {refusal !== null && <span class={css.freeNone}>{presetRefusal(preset)}</span>}
        <span class="numbers">{preset.shown}</span>
      </span>
    </div>
  );
}

function presetRefusal(preset: DirectoryPreset): string {
  if (preset.supervised_refusal === "external_not_allowed") return t("transfer.noLine");
  return t("transfer.notAllowed");
}

function setOpen(group: string, open: boolean): void {
  toggled.value = new Map(toggled.value).set(group, open);
}

/** Ids of agents and groups may have any characters. */
function domId(prefix: string, key: string): string {
  return `${prefix}-row-${encodeURIComponent(key)}`;
}

/** A row's target as it is called now; undefined: it is not in the directory (any more). */
export function groupOf(id: string): DirectoryGroup | undefined {
  const known = directory.value;
  return [...(known?.my_agent_groups ?? []), ...(known?.agent_groups ?? [])].find((group) => group.id === id);
}

export function agentOf(id: string): DirectoryAgent | undefined {
  const known = directory.value;
  for (const group of [...(known?.my_agent_groups ?? []), ...(known?.agent_groups ?? [])]) {
    const found = group.agents.find((agent) => agent.id === id);
    if (found) return found;
  }
  return undefined;
}
