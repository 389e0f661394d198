import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../texts/t";
import { Button } from "./Button";
import css from "./DataTable.module.css";
import { Plain } from "./Plain";

interface DataTableProps {
  /** For screen readers. */
  title: string;
  data: Readonly<Record<string, string>>;
  /** How many are shown at first. */
  most: number;
}

/** A value that is longer is cut, until somebody wants all of it. */
const LONG = 400;

/** Attached data: names and values that others chose, as text and nothing else. */
export function DataTable({ title, data, most }: DataTableProps) {
  const all = useSignal(false);
  const id = useId();
  const rows = Object.entries(data);
  if (rows.length === 0) return null;
  const shown = all.value ? rows : rows.slice(0, most);
  const hidden = rows.length - shown.length;
  return (
    <div class={css.holder}>
      <table class={css.table} aria-label={title} id={id}>
        <tbody>
          {shown.map(([name, value]) => (
            <tr key={name} class={css.row}>
              <th scope="row" class={css.name}>
                <Plain text={name} line />
              </th>
              <td class={css.value}>
                <Value text={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <Button
          kind="quiet"
          size="small"
          aria-controls={id}
          onClick={() => {
            all.value = true;
          }}
        >
          {t("data.more", { count: hidden })}
        </Button>
      )}
    </div>
  );
}

function Value({ text }: { text: string }) {
  const all = useSignal(false);
  if (text === "") return <span class={css.none}>{t("data.empty")}</span>;
  if (text.length <= LONG || all.value) return <Plain text={text} />;
  return (
    <>
      <Plain text={`${[...text.slice(0, LONG)].slice(0, -1).join("")}…`} />{" "}
      <Button
        kind="quiet"
        size="small"
        onClick={() => {
          all.value = true;
        }}
      >
        {t("data.all", { count: text.length })}
      </Button>
    </>
  );
}
