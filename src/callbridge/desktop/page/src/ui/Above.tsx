import { effect, signal } from "@preact/signals";
import { type ComponentChildren, render } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** The modal dialogs that are open, the topmost last. */
export const modals = signal<readonly HTMLElement[]>([]);

/**
 * Its children stand above everything and can be used there, also while a modal dialog is open: the browser makes
 * inert whatever is not inside that dialog, so they move into it. They are never drawn anew for that.
 */
export function Above({ children }: { children: ComponentChildren }) {
  const [holder] = useState(() => document.createElement("div"));
  useLayoutEffect(() => {
    const stop = effect(() => {
      const into = modals.value.at(-1) ?? document.body;
      const focused = holder.contains(document.activeElement) ? document.activeElement : null;
      into.append(holder);
      if (focused instanceof HTMLElement) focused.focus();
    });
    return () => {
      stop();
      render(null, holder);
      holder.remove();
    };
  }, [holder]);
  useLayoutEffect(() => render(<>{children}</>, holder));
  return null;
}
