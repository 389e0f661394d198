import { ChevronRight } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { cx } from "./cx";
import { remember, remembered } from "./remember";
import css from "./ui.module.css";

interface CollapsibleProps {
  /** Under this name the browser remembers whether it is open. */
  name: string;
  title: string;
  side?: ComponentChildren;
  openAtFirst?: boolean;
  /** Open whatever is remembered, for example while something is searched in it; closing it lasts as long. */
  forceOpen?: boolean;
  children: ComponentChildren;
}

/** A section that stays as it was left, on the next call and after a reload. Closed, it renders nothing. */
export function Collapsible({ name, title, side, openAtFirst = true, forceOpen = false, children }: CollapsibleProps) {
  const [open, setOpen] = useState(() => remembered<boolean>(`section.${name}`, openAtFirst));
  const [closed, setClosed] = useState(false);
  useEffect(() => {
    if (!forceOpen) setClosed(false);
  }, [forceOpen]);
  const shown = forceOpen ? !closed : open;
  const id = useId();
  return (
    <section class={css.collapsible}>
      <h3>
        <button
          type="button"
          class={css.collapsibleHead}
          aria-expanded={shown}
          aria-controls={id}
          onClick={() => {
            if (forceOpen) {
              setClosed(shown);
              return;
            }
            setOpen(!open);
            remember(`section.${name}`, !open);
          }}
        >
          <ChevronRight size={16} class={cx(css.chevron, shown && css.chevronOpen)} aria-hidden="true" />
          {title}
          <span class={css.collapsibleSide}>{side}</span>
        </button>
      </h3>
      <div id={id} class={css.collapsibleBody} hidden={!shown}>
        {shown && children}
      </div>
    </section>
  );
}
