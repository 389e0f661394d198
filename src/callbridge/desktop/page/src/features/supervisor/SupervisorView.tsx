import { ChartColumn } from "lucide-preact";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";
import css from "./supervisor.module.css";

/** Groups, agents and today's transfers, live. For supervisors only; takes no props. */
export function SupervisorView() {
  return (
    <main id="main" tabIndex={-1} class={css.screen}>
      <h1 class="visually-hidden">{t("supervisor.title")}</h1>
      <Panel title={t("supervisor.title")}>
        <EmptyState icon={ChartColumn} title={t("supervisor.none")} />
      </Panel>
    </main>
  );
}
