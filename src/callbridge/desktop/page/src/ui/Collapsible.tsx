import { ChevronRight } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { cx } from "./cx";
import { remember, remembered } from "./remember";
import css from "./ui.module.css";

interface CollapsibleProps {
  /** Under this name the browser remembers whether it is open. */
  name: string;
  title: string;
  side?: ComponentChildren;
  openAtFirst?: boolean;
  children: ComponentChildren;
}

/** A section that stays as it was left, on the next call and after a reload. Closed, it renders nothing. */
export function Collapsible({ name, title, side, openAtFirst = true, children }: CollapsibleProps) {
  const [open, setOpen] = useState(() => remembered<boolean>(`section.${name}`, openAtFirst));
  const id = useId();
  return (
    <section class={css.collapsible}>
      <h3>
        <button
          type="button"
          class={css.collapsibleHead}
          aria-expanded={open}
          aria-controls={id}
          onClick={() => {
            setOpen(!open);
            remember(`section.${name}`, !open);
          }}
        >
          <ChevronRight size={16} class={cx(css.chevron, open && css.chevronOpen)} aria-hidden="true" />
          {title}
          <span class={css.collapsibleSide}>{side}</span>
        </button>
      </h3>
      <div id={id} class={css.collapsibleBody} hidden={!open}>
        {open && children}
      </div>
    </section>
  );
}
