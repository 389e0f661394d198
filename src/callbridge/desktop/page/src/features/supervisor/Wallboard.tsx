import { Monitor } from "lucide-preact";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";
import css from "./supervisor.module.css";

/** Large numbers for a screen on the wall. For supervisors only; takes no props. */
export function Wallboard() {
  return (
    <main id="main" tabIndex={-1} class={css.screen}>
      <h1 class="visually-hidden">{t("wallboard.title")}</h1>
      <Panel title={t("wallboard.title")}>
        <EmptyState icon={Monitor} title={t("supervisor.none")} />
      </Panel>
    </main>
  );
}
