import { Coffee } from "lucide-preact";
import { t } from "../../texts/t";
import { cx } from "../../ui/cx";
import { EmptyState } from "../../ui/EmptyState";
import { Select } from "../../ui/Field";
import { phoneNumber } from "../../ui/number";
import { Panel } from "../../ui/Panel";
import { waiting } from "./everybody";
import { LIMITS, limit, setLimit } from "./limit";
import type { WaitingRow } from "./rows";
import css from "./supervisor.module.css";
import { Wait } from "./Wait";

const MOST = 30;

/** Every caller who waits, the longest wait first. Takes no props. */
export function Waiting() {
  const rows = waiting.value;
  return (
    <Panel title={t("supervisor.callers", { count: rows.length })} side={<Limit />} class={css.waitingPanel} flush>
      {rows.length === 0 ? (
        <EmptyState icon={Coffee} title={t("supervisor.nobodyWaits")} />
      ) : (
        <>
          <ol class={css.callers} aria-label={t("supervisor.callers", { count: rows.length })}>
            {rows.slice(0, MOST).map((row) => (
              <Caller key={row.id} row={row} />
            ))}
          </ol>
          {rows.length > MOST && <p class={css.hint}>{t("supervisor.shown", { shown: MOST, all: rows.length })}</p>}
        </>
      )}
    </Panel>
  );
}

function Caller({ row }: { row: WaitingRow }) {
  const number = phoneNumber(row.number);
  const name = row.caller || number || t("common.unknownCaller");
  return (
    <li class={css.caller}>
      <span class={css.callerName}>
        {name}
        {row.caller && number && <span class={cx(css.aside, "numbers")}>{number}</span>}
      </span>
      <Wait since={row.since} />
      <span class={css.aside}>
        {row.groupName}
        {row.ringing !== null && <> · {t("supervisor.ringsAt", { agent: row.ringing })}</>}
      </span>
    </li>
  );
}

export function Limit() {
  return (
    <div class={css.limit}>
      <Select
        label={t("supervisor.limit")}
        value={String(limit.value)}
        options={LIMITS.map((seconds) => ({
          value: String(seconds),
          text:
            seconds < 60
              ? t("supervisor.seconds", { count: seconds })
              : t("supervisor.minutes", { count: seconds / 60 }),
        }))}
        onChange={(value) => setLimit(Number(value))}
      />
    </div>
  );
}
