import { Users } from "lucide-preact";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";
import { groups } from "./everybody";
import { expectedWait } from "./numbers";
import type { GroupRow } from "./rows";
import { type Column, SortableTable } from "./SortableTable";
import css from "./supervisor.module.css";
import { Wait } from "./Wait";

const COLUMNS: readonly Column<GroupRow>[] = [
  { key: "name", title: () => t("supervisor.group"), cell: (row) => row.name, by: (row) => row.name },
  {
    key: "waiting",
    title: () => t("supervisor.waiting"),
    cell: (row) => <span class={row.waiting > 0 ? css.some : css.none}>{row.waiting}</span>,
    by: (row) => row.waiting,
    numeric: true,
  },
  {
    key: "longest",
    title: () => t("supervisor.longest"),
    cell: (row) => <Wait since={row.waiting_since} />,
    // The longest wait began first.
    by: (row) => (row.waiting_since === null ? null : -Date.parse(row.waiting_since)),
    without: (row) => row.waiting_since === null,
    numeric: true,
  },
  {
    key: "available",
    title: () => t("supervisor.available"),
    cell: (row) => (
      <span class={css.staff}>
        <span class={row.available > 0 ? css.free : css.none}>{row.available}</span>
        <span class={css.of}>{t("supervisor.ofAll", { all: row.logged_in })}</span>
      </span>
    ),
    by: (row) => row.available,
    numeric: true,
  },
  {
    key: "expected",
    title: () => t("supervisor.expected"),
    cell: (row) => <Expected row={row} />,
    by: (row) => row.expected_wait,
    without: (row) => row.expected_wait === null,
    numeric: true,
  },
];

function Expected({ row }: { row: GroupRow }) {
  if (row.expected_wait !== null) return <>{expectedWait(row.expected_wait)}</>;
  return (
    <span class={css.none} title={t("supervisor.unknown")}>
      <span aria-hidden="true">–</span>
      <span class="visually-hidden">{t("supervisor.unknown")}</span>
    </span>
  );
}

/** Those where somebody waits come first; the agents below are not to be pushed out of sight by the others. */
const AT_FIRST = 15;

/** All groups with their queues. Takes no props. */
export function Groups() {
  return (
    <Panel title={t("supervisor.groups")} class={css.groupsPanel} flush>
      <SortableTable
        name="groups"
        label={t("supervisor.groups")}
        columns={COLUMNS}
        rows={groups.value}
        first={{ key: "longest", down: true }}
        atFirst={AT_FIRST}
        empty={<EmptyState icon={Users} title={t("supervisor.noGroups")} />}
      />
    </Panel>
  );
}
