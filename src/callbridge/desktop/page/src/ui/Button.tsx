import type { ComponentChildren, JSX, Ref } from "preact";
import { away } from "../desk/away";
import { cx } from "./cx";
import { Icon, type IconPicture } from "./Icon";
import css from "./ui.module.css";

interface ButtonProps extends Omit<JSX.IntrinsicElements["button"], "size" | "icon" | "ref"> {
  kind?: "primary" | "secondary" | "danger" | "quiet";
  size?: "small" | "medium" | "large";
  icon?: IconPicture;
  /** Under way: shown as such, and not pressed again; it keeps the focus. */
  busy?: boolean;
  /** The key that does the same, such as "A"; whoever gives one handles it. */
  shortcut?: string;
  wide?: boolean;
  /** It asks something of the gateway: while that is away it does nothing, and says why; it keeps the focus. */
  gateway?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
  /** Without children an icon alone: then `aria-label` is needed. */
  children?: ComponentChildren;
}

export function Button({
  kind = "secondary",
  size = "medium",
  icon,
  busy = false,
  shortcut,
  wide,
  gateway = false,
  buttonRef,
  children,
  class: extra,
  onClick,
  title,
  ...rest
}: ButtonProps) {
  const why = gateway ? away.value : null;
  const off = busy || why !== null;
  return (
    <button
      type="button"
      {...rest}
      title={why ?? title}
      ref={buttonRef ?? null}
      aria-busy={busy || undefined}
      aria-disabled={off || undefined}
      aria-keyshortcuts={shortcut}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.(event);
      }}
      class={cx(
        css.button,
        css[kind],
        size !== "medium" && css[size],
        wide && css.wide,
        children === undefined && css.iconOnly,
        typeof extra === "string" && extra,
      )}
    >
      {busy ? <span class={css.spinner} aria-hidden="true" /> : icon && <Icon of={icon} />}
      {children !== undefined && <span>{children}</span>}
      {shortcut && children !== undefined && (
        <kbd class={css.key} aria-hidden="true">
          {shortcut}
        </kbd>
      )}
    </button>
  );
}
