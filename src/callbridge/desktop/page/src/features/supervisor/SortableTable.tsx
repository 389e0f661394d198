import { useComputed, useSignal } from "@preact/signals";
import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-preact";
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { language, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { Select } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { remember, remembered } from "../../ui/remember";
import { narrow } from "./narrow";
import { type Order, type Sortable, sorted } from "./rows";
import css from "./table.module.css";

export interface Column<R> {
  key: string;
  title: () => string;
  cell: (row: R) => ComponentChildren;
  by: (row: R) => Sortable;
  /** Numbers and times, at the right. */
  numeric?: boolean;
  /** There is nothing in it: cards leave it out then. */
  without?: (row: R) => boolean;
}

interface TableProps<R> {
  /** Under this name the browser remembers the order. */
  name: string;
  /** What the table has, for screen readers. */
  label: string;
  /** The first one names the row. The same list each time. */
  columns: readonly Column<R>[];
  rows: readonly R[];
  /** Until somebody has chosen another one. */
  first: Order;
  /** How many rows are drawn at first. */
  atFirst?: number;
  /** Instead of the table, where there are no rows. */
  empty: ComponentChildren;
}

/** More are there after a press on a button: the page stays quick however many there are. */
const AT_FIRST = 60;
const MORE = 120;

/** A table whose columns can be sorted; cards where it is narrow. Rows that are the same objects are not drawn anew. */
export function SortableTable<R extends { id: string }>({
  name,
  label,
  columns,
  rows,
  first,
  atFirst = AT_FIRST,
  empty,
}: TableProps<R>) {
  const order = useSignal<Order>(
    remembered<Order>(`sort.${name}`, first, (value) => columns.some(({ key }) => key === value.key)),
  );
  const most = useSignal(atFirst);
  const said = useSignal("");
  const collator = useComputed(() => new Intl.Collator(language.value, { numeric: true }));
  const { key, down } = order.value;
  const column = columns.find((each) => each.key === key);

  const sortBy = (wanted: string, downwards = key === wanted && !down) => {
    order.value = { key: wanted, down: downwards };
    remember(`sort.${name}`, order.value);
    const title = columns.find((each) => each.key === wanted)?.title() ?? "";
    said.value = t(downwards ? "supervisor.sortedDown" : "supervisor.sortedUp", { column: title });
  };

  if (rows.length === 0) return <>{empty}</>;
  const ordered = column ? sorted(rows, column.by, down, collator.value) : rows;
  const shown = ordered.slice(0, most.value);
  return (
    <>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {narrow.value ? (
        <>
          <div class={css.sort}>
            <Select
              label={t("supervisor.sortBy")}
              value={key}
              options={columns.map((each) => ({ value: each.key, text: each.title() }))}
              onChange={(wanted) => sortBy(wanted, down)}
            />
            <Button
              icon={down ? ArrowDown : ArrowUp}
              aria-label={t("supervisor.turnRound")}
              onClick={() => sortBy(key, !down)}
            />
          </div>
          <Kept as="ul" class={css.cards} label={label} rows={shown} columns={columns} one={Card} />
        </>
      ) : (
        <table class={css.table} aria-label={label}>
          <thead>
            <tr>
              {columns.map((each) => (
                <th
                  key={each.key}
                  scope="col"
                  class={cx(each.numeric && css.numeric)}
                  aria-sort={each.key !== key ? undefined : down ? "descending" : "ascending"}
                >
                  <button type="button" class={css.head} onClick={() => sortBy(each.key)}>
                    {each.title()}
                    <span class={cx(css.arrow, each.key === key && css.arrowHere)}>
                      <Icon of={each.key !== key ? ArrowUpDown : down ? ArrowDown : ArrowUp} size={13} />
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <Kept as="tbody" rows={shown} columns={columns} one={Row} />
        </table>
      )}
      {ordered.length > shown.length && (
        <div class={css.more}>
          <span role="status">{t("supervisor.shown", { shown: shown.length, all: ordered.length })}</span>
          <Button size="small" onClick={() => (most.value += MORE)}>
            {t("supervisor.showMore")}
          </Button>
        </div>
      )}
    </>
  );
}

interface OneProps<R> {
  row: R;
  columns: readonly Column<R>[];
}

interface KeptProps<R> {
  as: "tbody" | "ul";
  class?: string | undefined;
  label?: string;
  rows: readonly R[];
  columns: readonly Column<R>[];
  one: (props: OneProps<R>) => VNode;
}

/** Draws only rows that are new; whoever has the focus keeps it where the order changes. */
function Kept<R extends { id: string }>({ as: Tag, class: name, label, rows, columns, one: One }: KeptProps<R>) {
  const before = useRef(new Map<string, { row: R; node: VNode }>());
  const focused = useRef<HTMLElement | null>(null);
  const moving = useRef(false);
  moving.current = true;
  useLayoutEffect(() => {
    moving.current = false;
    const lost = focused.current;
    if (lost?.isConnected && document.activeElement === document.body) lost.focus({ preventScroll: true });
  });
  const now = new Map<string, { row: R; node: VNode }>();
  const nodes = rows.map((row) => {
    const old = before.current.get(row.id);
    const kept = old?.row === row ? old : { row, node: <One key={row.id} row={row} columns={columns} /> };
    now.set(row.id, kept);
    return kept.node;
  });
  before.current = now;
  return (
    <Tag
      class={name}
      aria-label={label}
      onFocusIn={(event) => {
        focused.current = event.target instanceof HTMLElement ? event.target : null;
      }}
      onFocusOut={() => {
        if (!moving.current) focused.current = null;
      }}
    >
      {nodes}
    </Tag>
  );
}

function Row<R>({ row, columns }: OneProps<R>) {
  return (
    <tr>
      {columns.map((each, place) => {
        const name = cx(each.numeric && css.numeric);
        return place === 0 ? (
          <th key={each.key} scope="row" class={name}>
            {each.cell(row)}
          </th>
        ) : (
          <td key={each.key} class={name}>
            {each.cell(row)}
          </td>
        );
      })}
    </tr>
  );
}

function Card<R>({ row, columns }: OneProps<R>) {
  const [first, ...rest] = columns;
  return (
    <li class={css.card}>
      <p class={css.cardTitle}>{first?.cell(row)}</p>
      <dl class={css.cardParts}>
        {rest
          .filter((each) => !each.without?.(row))
          .map((each) => (
            <div key={each.key} class={css.cardPart}>
              <dt>{each.title()}</dt>
              <dd>{each.cell(row)}</dd>
            </div>
          ))}
      </dl>
    </li>
  );
}
