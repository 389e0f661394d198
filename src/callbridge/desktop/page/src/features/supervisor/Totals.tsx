import type { Today } from "../../api/types";
import { t } from "../../texts/t";
import { Panel } from "../../ui/Panel";
import { today } from "./everybody";
import { count, percent } from "./numbers";
import css from "./supervisor.module.css";
import { CALL_PARTS, KINDS, OFFER_PARTS, OUTCOMES, over, parts, transfersBy, transfersMade } from "./totals";

/** Today's calls, offers and transfers by what they came to. Takes no props. */
export function Totals() {
  const found = today.value;
  return (
    <Panel
      title={t("supervisor.today")}
      class={css.totalsPanel}
      side={<span class={css.hint}>{t("supervisor.sinceMidnight")}</span>}
    >
      {found === null ? (
        <p class={css.hint} role="status">
          {t("common.loading")}
        </p>
      ) : (
        <div class={css.totals}>
          <Calls found={found} />
          <Offers found={found} />
          <Transfers found={found} />
        </div>
      )}
    </Panel>
  );
}

function Calls({ found }: { found: Today }) {
  const all = found.calls.arrived;
  return (
    <section class={css.block}>
      <Head title={t("supervisor.calls")} all={all} />
      <dl class={css.parts}>
        {parts(found.calls, CALL_PARTS).map(({ key, count: number }) => (
          <Bar
            key={key}
            name={t(`supervisor.calls.${key}`)}
            value={number}
            whole={key === "live" ? 0 : over(found)}
            of={all}
          />
        ))}
      </dl>
    </section>
  );
}

function Offers({ found }: { found: Today }) {
  const all = found.offers.made;
  return (
    <section class={css.block}>
      <Head title={t("supervisor.offers")} all={all} />
      <dl class={css.parts}>
        {parts(found.offers, OFFER_PARTS).map(({ key, count: number }) => (
          <Bar key={key} name={t(`supervisor.offers.${key}`)} value={number} whole={all} of={all} />
        ))}
      </dl>
    </section>
  );
}

function Transfers({ found }: { found: Today }) {
  const by = transfersBy(found);
  const all = transfersMade(found);
  return (
    <section class={css.block}>
      <Head title={t("supervisor.transfers")} all={all} />
      <table class={css.small} aria-label={t("supervisor.transfers")}>
        <thead>
          <tr>
            <td />
            {KINDS.map((kind) => (
              <th key={kind} scope="col">
                {t(`supervisor.kind.${kind}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {OUTCOMES.map((outcome) => (
            <tr key={outcome}>
              <th scope="row">{t(`supervisor.transfers.${outcome}`)}</th>
              {KINDS.map((kind) => (
                <td key={kind} class={by[outcome][kind] === 0 ? css.none : undefined}>
                  {count(by[outcome][kind])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Head({ title, all }: { title: string; all: number }) {
  return (
    <h3 class={css.blockHead}>
      <span>{title}</span>
      <span class={css.blockAll}>{count(all)}</span>
    </h3>
  );
}

/** A line of a list with how many there were, and how much that is of all. */
function Bar({ name, value, whole, of }: { name: string; value: number; whole: number; of: number }) {
  return (
    <div class={css.part}>
      <dt>{name}</dt>
      <dd class="numbers">
        {whole > 0 && value > 0 && <span class={css.share}>{percent(value, whole)}</span>}
        <span class={value === 0 ? css.none : undefined}>{count(value)}</span>
      </dd>
      <svg class={css.bar} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class={css.barAll} width="100" height="4" />
        {value > 0 && of > 0 && <rect class={css.barPart} width={(100 * value) / of} height="4" />}
      </svg>
    </div>
  );
}
