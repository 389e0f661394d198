import { t } from "../texts/t";
import css from "./TopBar.module.css";

export function Logo() {
  return (
    <span class={css.logo}>
      <svg class={css.mark} viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="currentColor" />
        <path
          d="M6 21c3-9 17-9 20 0M6 21v-3M26 21v-3M16 14.300v-3"
          fill="none"
          stroke="#fff"
          stroke-width="2.600"
          stroke-linecap="round"
        />
      </svg>
      <span class={css.product}>{t("app.name")}</span>
    </span>
  );
}
