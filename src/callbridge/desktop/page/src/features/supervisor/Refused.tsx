import { ShieldX } from "lucide-preact";
import { addressOf } from "../../router";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import css from "./supervisor.module.css";

/** A supervisors' screen, asked for by an agent who is none. Takes no props. */
export function Refused() {
  return (
    <main id="main" tabIndex={-1} class={css.screen}>
      <h1 class="visually-hidden">{t("supervisor.refused")}</h1>
      <EmptyState icon={ShieldX} title={t("supervisor.refused")} hint={t("supervisor.refusedHint")} />
      <p class={css.clear}>
        <a href={addressOf("desk")}>{t("supervisor.toDesk")}</a>
      </p>
    </main>
  );
}
