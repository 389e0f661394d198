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
    numeric: true,
  },
];

function Expected({ row }: { row: GroupRow }) {
  return <span class={row.expected_wait === null ? css.none : undefined}>{expectedWait(row.expected_wait)}</span>;
}

/** All groups with their queues. Takes no props. */
export function Groups() {
  return (
    <Panel title={t("supervisor.groups")} flush>
      <SortableTable
        name="groups"
        label={t("supervisor.groups")}
        columns={COLUMNS}
        rows={groups.value}
        empty={<EmptyState icon={Users} title={t("supervisor.noGroups")} />}
      />
    </Panel>
  );
}
