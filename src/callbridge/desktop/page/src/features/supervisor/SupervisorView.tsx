import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../texts/t";
import { Agents } from "./Agents";
import { agents, connection, everybody, groups, today, waiting, watch } from "./everybody";
import { useFrozen } from "./frozen";
import { Groups } from "./Groups";
import { count, percent } from "./numbers";
import { countStates } from "./rows";
import css from "./supervisor.module.css";
import { Totals } from "./Totals";
import { over } from "./totals";
import { Wait } from "./Wait";
import { Waiting } from "./Waiting";

/** Groups, agents and today's numbers, live. For supervisors only; takes no props. */
export function SupervisorView() {
  useEffect(watch, []);
  const lostAt = useComputed(() => (connection.value.state === "lost" ? connection.value.since : null));
  useFrozen(lostAt);
  return (
    <main id="main" tabIndex={-1} class={css.screen} data-old={lostAt.value !== null || undefined}>
      <h1 class="visually-hidden">{t("supervisor.title")}</h1>
      {everybody.known.value ? (
        <>
          <Summary />
          <div class={css.columns}>
            <div class={css.main}>
              <Groups />
              <Agents />
            </div>
            <div class={css.aside2}>
              <Waiting />
              <Totals />
            </div>
          </div>
        </>
      ) : (
        <p class={css.loading} role="status">
          {t("common.loading")}
        </p>
      )}
    </main>
  );
}

/** The few numbers that one looks for first. */
function Summary() {
  const states = useComputed(() => countStates(agents.value));
  const longest = useComputed(
    () =>
      groups.value
        .map((group) => group.waiting_since)
        .filter((since) => since !== null)
        .sort()[0] ?? null,
  );
  const loggedIn = agents.value.length - states.value.offline;
  const calls = today.value?.calls;
  return (
    <dl class={css.summary}>
      <Figure title={t("supervisor.waitingNow")}>{count(waiting.value.length)}</Figure>
      <Figure title={t("supervisor.longest")}>
        <Wait since={longest.value} />
      </Figure>
      <Figure title={t("supervisor.available")}>
        {count(states.value.available)} <small>{t("supervisor.ofAll", { all: count(loggedIn) })}</small>
      </Figure>
      <Figure title={t("supervisor.onCall")}>{count(states.value.on_call)}</Figure>
      <Figure title={t("supervisor.callsToday")}>{calls ? count(calls.arrived) : "–"}</Figure>
      <Figure title={t("supervisor.handledToday")}>
        {calls ? count(calls.handled) : "–"}{" "}
        <small>{today.value && percent(today.value.calls.handled, over(today.value))}</small>
      </Figure>
    </dl>
  );
}

function Figure({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class={css.figure}>
      <dt>{title}</dt>
      <dd class="numbers">{children}</dd>
    </div>
  );
}
