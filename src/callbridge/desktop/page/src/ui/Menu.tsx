import { Check } from "lucide-preact";
import type { ComponentChildren, JSX, Ref } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { cx } from "./cx";
import { Icon } from "./Icon";
import css from "./ui.module.css";

interface MenuProps {
  label: string;
  /** The button that opens it gets these. */
  button: (props: {
    buttonRef: Ref<HTMLButtonElement>;
    "aria-haspopup": "menu";
    "aria-expanded": boolean;
    onClick: () => void;
  }) => JSX.Element;
  children: (close: () => void) => ComponentChildren;
}

/** A menu under its button: arrow keys, Home, End and Esc; it closes when the focus or a click goes elsewhere. */
export function Menu({ label, button, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const items = () => [...(holder.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const elsewhere = (event: Event) => {
      if (event.target instanceof Node && !holder.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    }
  };
  return (
    <div class={css.menuHolder} ref={holder}>
      {button({
        buttonRef: opener,
        "aria-haspopup": "menu",
        "aria-expanded": open,
        onClick: () => setOpen(!open),
      })}
      {open && (
        <div class={css.menu} role="menu" tabIndex={-1} aria-label={label} onKeyDown={onKeyDown}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

export function MenuItem({
  checked,
  onSelect,
  children,
}: {
  /** Given: one of several of which one is chosen. */
  checked?: boolean;
  onSelect: () => void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      role={checked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={checked}
      tabIndex={-1}
      class={css.menuItem}
      onClick={onSelect}
    >
      {children}
      {checked && (
        <span class={css.menuCheck}>
          <Icon of={Check} />
        </span>
      )}
    </button>
  );
}

export function MenuGroup({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div role="group" aria-label={title}>
      <p class={cx(css.menuGroup)} aria-hidden="true">
        {title}
      </p>
      {children}
    </div>
  );
}

export function MenuLine() {
  return <hr class={css.menuLine} />;
}
