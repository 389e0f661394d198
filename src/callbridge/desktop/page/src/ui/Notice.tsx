import type { ComponentChildren } from "preact";
import { cx } from "./cx";
import css from "./ui.module.css";

const KINDS = { info: css.noticeInfo, good: css.noticeGood, warning: css.noticeWarning, error: css.noticeError };

/** A sentence that stays where it belongs; errors are read out at once. */
export function Notice({ kind = "info", children }: { kind?: keyof typeof KINDS; children: ComponentChildren }) {
  return (
    <p class={cx(css.notice, KINDS[kind])} role={kind === "error" ? "alert" : undefined}>
      {children}
    </p>
  );
}
