import { signal, useComputed, useSignal } from "@preact/signals";
import { Search, UserRoundX } from "lucide-preact";
import { reasonName } from "../../model/reasons";
import { t } from "../../texts/t";
import type { AgentState } from "../../api/types";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { EmptyState } from "../../ui/EmptyState";
import { Field, Select } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Panel } from "../../ui/Panel";
import { StateDot } from "../../ui/StateDot";
import { Elapsed } from "../../ui/Time";
import { AgentDialog } from "./AgentDialog";
import { agents, groups, people } from "./everybody";
import { type AgentRow, chosen, countStates, STATES } from "./rows";
import { type Column, SortableTable } from "./SortableTable";
import css from "./supervisor.module.css";

/** Whose dialog is open. */
const opened = signal<string | null>(null);

const COLUMNS: readonly Column<AgentRow>[] = [
  {
    key: "name",
    title: () => t("supervisor.agent"),
    cell: (row) => (
      <button type="button" class={css.name} aria-haspopup="dialog" onClick={() => (opened.value = row.id)}>
        {row.name}
      </button>
    ),
    by: (row) => row.name,
  },
  {
    key: "state",
    title: () => t("supervisor.state"),
    cell: (row) => <State row={row} />,
    by: (row) => STATES.indexOf(row.state),
  },
  {
    key: "since",
    title: () => t("supervisor.inState"),
    cell: (row) => (row.since === null ? <span class={css.none}>–</span> : <Elapsed since={row.since} />),
    by: (row) => (row.since === null ? null : -Date.parse(row.since)),
    numeric: true,
  },
  {
    key: "call",
    title: () => t("supervisor.call"),
    cell: (row) => <CurrentCall row={row} />,
    by: (row) => row.caller,
    without: (row) => row.caller === null,
  },
  {
    key: "groups",
    title: () => t("supervisor.groupsOf"),
    cell: (row) => (
      <span class={css.groups} title={row.groupNames}>
        {row.groupNames || <span class={css.none}>–</span>}
      </span>
    ),
    by: (row) => row.groupNames || null,
    without: (row) => row.groupNames === "",
  },
];

function State({ row }: { row: AgentRow }) {
  return (
    <span class={css.stateCell}>
      <StateDot state={row.state} phone={row.phone} />
      {row.reason !== null && <span class={css.reason}>{reasonName(row.reason)}</span>}
      {row.phone === "unreachable" && row.state !== "offline" && (
        <span class={css.noPhone}>{t("supervisor.phone.unreachable")}</span>
      )}
    </span>
  );
}

function CurrentCall({ row }: { row: AgentRow }) {
  if (row.caller === null) return <span class={css.none}>–</span>;
  return (
    <span class={css.callCell}>
      <span class={css.callWho}>{row.caller || t("common.unknownCaller")}</span>
      <span class={css.callMore}>
        {row.callState !== "talking" && row.callState !== null && <>{t(`supervisor.call.${row.callState}`)} · </>}
        {row.callSince !== null && <Elapsed since={row.callSince} />}
        {row.moreCalls > 0 && <> · {t("supervisor.moreCalls", { count: row.moreCalls })}</>}
      </span>
    </span>
  );
}

/** Everybody: search, filters, and a table. Takes no props. */
export function Agents() {
  const text = useSignal("");
  const group = useSignal("");
  const states = useSignal<ReadonlySet<AgentState>>(new Set());
  const ofGroup = useComputed(() =>
    chosen(agents.value, people.value, { text: text.value, group: group.value, states: new Set() }),
  );
  const found = useComputed(() =>
    states.value.size === 0 ? ofGroup.value : ofGroup.value.filter((row) => states.value.has(row.state)),
  );
  const counts = useComputed(() => countStates(ofGroup.value));
  // A group that is configured no more filters nothing out.
  const known = useComputed(() => groups.value.map(({ id, name }) => ({ value: id, text: name })));
  const all = agents.value.length;
  const clear = () => {
    text.value = "";
    group.value = "";
    states.value = new Set();
  };
  const toggle = (state: AgentState) => {
    const next = new Set(states.value);
    if (!next.delete(state)) next.add(state);
    states.value = next;
  };
  const filtered = found.value.length !== all;
  return (
    <Panel
      title={t("supervisor.agents")}
      side={
        <span class={css.hint} role="status">
          {filtered ? t("supervisor.found", { found: found.value.length, all }) : t("supervisor.all", { count: all })}
        </span>
      }
      class={css.agentsPanel}
      flush
    >
      <div class={css.filters} role="search" aria-label={t("supervisor.agents")}>
        <div class={css.search}>
          <span class={css.searchIcon}>
            <Icon of={Search} />
          </span>
          <Field
            label={t("supervisor.search")}
            labelHidden
            type="search"
            placeholder={t("supervisor.search")}
            autocomplete="off"
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </div>
        <div class={css.groupFilter}>
          <Select
            label={t("supervisor.filterGroup")}
            labelHidden
            value={group.value}
            options={[{ value: "", text: t("supervisor.allGroups") }, ...known.value]}
            onChange={(value) => {
              group.value = value;
            }}
          />
        </div>
        <div class={css.chips} role="group" aria-label={t("supervisor.filterState")}>
          {STATES.map((state) => (
            <button
              key={state}
              type="button"
              class={cx(css.chip, states.value.has(state) && css.chipOn)}
              aria-pressed={states.value.has(state)}
              onClick={() => toggle(state)}
            >
              <StateDot state={state} />
              <span class={cx(css.chipCount, "numbers")}>{counts.value[state]}</span>
            </button>
          ))}
        </div>
      </div>
      <SortableTable
        name="agents"
        label={t("supervisor.agents")}
        columns={COLUMNS}
        rows={found.value}
        first={{ key: "name", down: false }}
        empty={
          <div>
            <EmptyState icon={UserRoundX} title={t("supervisor.noAgents")} />
            <p class={css.clear}>
              <Button onClick={clear}>{t("supervisor.clear")}</Button>
            </p>
          </div>
        }
      />
      <Opened />
    </Panel>
  );
}

function Opened() {
  const row = agents.value.find(({ id }) => id === opened.value);
  return row === undefined ? null : <AgentDialog row={row} onClose={() => (opened.value = null)} />;
}
