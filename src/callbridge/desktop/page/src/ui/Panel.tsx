import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { cx } from "./cx";
import css from "./ui.module.css";

interface PanelProps {
  title: string;
  /** On the right of the title. */
  side?: ComponentChildren;
  /** For lists that bring their own padding. */
  flush?: boolean;
  class?: string | undefined;
  children: ComponentChildren;
}

/** A titled part of a screen; a landmark for screen readers. */
export function Panel({ title, side, flush, class: extra, children }: PanelProps) {
  const id = useId();
  return (
    <section class={cx(css.panel, extra)} aria-labelledby={id}>
      <header class={css.panelHead}>
        <h2 class={css.panelTitle} id={id}>
          {title}
        </h2>
        {side}
      </header>
      <div class={cx(css.panelBody, flush && css.flush)}>{children}</div>
    </section>
  );
}
