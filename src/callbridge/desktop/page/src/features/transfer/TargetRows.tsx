import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { BookUser, ChevronRight, UsersRound } from "lucide-preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { DirectoryAgent, DirectoryGroup, DirectoryPreset } from "../../api/types";
import { directory } from "../../model/directory";
import { reasonText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { Icon } from "../../ui/Icon";
import { StateDot } from "../../ui/StateDot";
import { Elapsed } from "../../ui/Time";
import { useAgent, useGroup } from "./live";
import type { Row, Section } from "./search";
import { type Target, waitText } from "./sentences";
import css from "./transfer.module.css";

/** Rows of a section that are made at first, and each time when the last one comes into view. */
const FIRST = 20;
const MORE = 100;

interface RowsProps {
  id: string;
  section: Section;
  query: string;
  rows: readonly Row[];
  /** This row is made too, however far down it is. */
  upTo: string | null;
  /** The row that Enter takes. */
  marked: ReadonlySignal<string | null>;
  chosen: ReadonlySignal<string | null>;
  onChoose: (row: Row) => void;
  onOpen: (group: string, open: boolean) => void;
}

/** Only as many as can be seen, and more when the end comes into view. */
export function Rows({ id, section, query, rows, upTo, marked, chosen, onChoose, onOpen }: RowsProps) {
  const limit = useSignal(FIRST);
  const searched = useRef(query);
  if (searched.current !== query) {
    searched.current = query;
    limit.value = FIRST;
  }
  const end = useRef<HTMLButtonElement>(null);
  const made = Math.max(limit.value, rows.findIndex(({ key }) => key === upTo) + 1);
  const more = rows.length > made;
  useLayoutEffect(() => {
    if (!more || end.current === null || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(
      (seen) => {
        if (seen.some((entry) => entry.isIntersecting)) limit.value = made + MORE;
      },
      { rootMargin: "300px" },
    );
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [more, made]);
  const groups = rows.filter((row) => row.kind !== "agent").length;
  let at = 0;
  return (
    <>
      <div class={css.rows} role="tree" id={`${id}-${section}`} aria-label={t(`transfer.${section}`)}>
        {rows.slice(0, made).map((row) => {
          if (row.kind !== "agent") at++;
          const place = { id: domId(id, row.key), marked, chosen, onChoose, onOpen, at, of: groups };
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
            limit.value = made + MORE;
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
  marked: ReadonlySignal<string | null>;
  chosen: ReadonlySignal<string | null>;
  onChoose: (row: Row) => void;
  onOpen: (group: string, open: boolean) => void;
  at: number;
  of: number;
}

/** What all rows have in common; each is drawn anew only where it is or was the marked or the chosen one. */
function useRow(key: string, { marked, chosen }: Place): { isMarked: boolean; isChosen: boolean } {
  return {
    isMarked: useComputed(() => marked.value === key).value,
    isChosen: useComputed(() => chosen.value === key).value,
  };
}

function GroupRow({ row, ...place }: { row: Row & { kind: "group"; group: DirectoryGroup } } & Place) {
  const { isMarked, isChosen } = useRow(row.key, place);
  const { group } = row;
  return (
    <div
      id={place.id}
      class={cx(css.row, isMarked && css.rowMarked, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={1}
      aria-setsize={place.of}
      aria-posinset={place.at}
      aria-expanded={row.opens ? row.open : undefined}
      aria-selected={isChosen}
      data-row={row.key}
      data-group={group.id}
      onClick={() => place.onChoose(row)}
    >
      <span
        class={cx(css.toggle, !row.opens && css.toggleNone)}
        aria-hidden="true"
        title={
          row.opens ? t(row.open ? "transfer.hideAgents" : "transfer.showAgents", { name: group.name }) : undefined
        }
        onClick={(event) => {
          event.stopPropagation();
          if (row.opens) place.onOpen(group.id, !row.open);
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
  const { isMarked, isChosen } = useRow(row.key, place);
  const { agent } = row;
  const group = row.key.slice(0, row.key.length - agent.id.length - 1);
  return (
    <div
      id={place.id}
      class={cx(css.row, css.rowAgent, isMarked && css.rowMarked, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={2}
      aria-setsize={row.of}
      aria-posinset={row.at}
      aria-selected={isChosen}
      data-row={row.key}
      data-group={group}
      onClick={() => place.onChoose(row)}
    >
      <span class={css.rowName}>{agent.name}</span>
      <AgentState agent={agent} />
    </div>
  );
}

/** State in words, why busy, and how long. */
export function AgentState({ agent }: { agent: DirectoryAgent }) {
  const { state, since, reason, phone } = useAgent(agent);
  return (
    <span class={css.rowState}>
      <StateDot state={state} phone={phone} />
      {state === "busy" && reason && <span class={css.rowReason}>{reasonText(reason)}</span>}
      {state !== "offline" && since !== null && <Elapsed since={since} />}
    </span>
  );
}

function PresetRow({ row, ...place }: { row: Row & { kind: "preset"; preset: DirectoryPreset } } & Place) {
  const { isMarked, isChosen } = useRow(row.key, place);
  const { preset } = row;
  const refusal = preset.supervised_allowed ? null : preset.supervised_refusal;
  return (
    <div
      id={place.id}
      class={cx(css.row, isMarked && css.rowMarked, isChosen && css.rowChosen)}
      role="treeitem"
      aria-level={1}
      aria-setsize={place.of}
      aria-posinset={place.at}
      aria-selected={isChosen}
      data-row={row.key}
      onClick={() => place.onChoose(row)}
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

export function targetOf(row: Row): Target {
  if (row.kind === "group") return { kind: "group", id: row.group.id, name: row.group.name };
  if (row.kind === "agent") return { kind: "agent", id: row.agent.id, name: row.agent.name };
  return { kind: "preset", id: row.preset.id, name: row.preset.name, shown: row.preset.shown };
}

/** Ids of agents and groups may have any characters. */
export function domId(prefix: string, key: string): string {
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
