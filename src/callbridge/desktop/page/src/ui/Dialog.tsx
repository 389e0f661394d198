import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { session } from "../api/session";
import { newsClock } from "../desk/away";
import { LostBanner } from "../desk/LostBanner";
import { t } from "../texts/t";
import { modals } from "./Above";
import { Button } from "./Button";
import { cx } from "./cx";
import { ShownClock } from "./Time";
import css from "./ui.module.css";

interface DialogProps {
  title: string;
  /** Esc, the cross, and the backdrop where `backdropCloses`. */
  onClose: () => void;
  wide?: boolean;
  /** As large as the window allows, all of it on a narrow one; what is in it scrolls by itself. */
  screen?: boolean;
  backdropCloses?: boolean;
  foot?: ComponentChildren;
  children: ComponentChildren;
}

/**
 * Modal while it is rendered: the browser keeps the focus inside and gives it back afterwards. While the gateway is
 * away it says so itself, since the desk's banner is behind it, and clocks in it stand still. What asks something of the
 * gateway is a `Button` with `gateway`.
 */
export function Dialog({ title, onClose, wide, screen, backdropCloses = true, foot, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = document.activeElement;
    dialog.showModal();
    modals.value = [...modals.value, dialog];
    return () => {
      modals.value = modals.value.filter((each) => each !== dialog);
      dialog.close();
      // Where the element is gone from the page, the browser does not find back by itself.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={cx(css.dialog, wide && css.dialogWide, screen && css.dialogScreen)}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (backdropCloses && event.target === event.currentTarget && outside(event, event.currentTarget)) onClose();
      }}
    >
      <header class={css.dialogHead}>
        <h2 class={css.dialogTitle} id={id}>
          {title}
        </h2>
        <Button kind="quiet" icon={X} aria-label={t("common.close")} onClick={onClose} />
      </header>
      {session.value !== null && <LostBanner />}
      <ShownClock.Provider value={newsClock}>
        <div class={css.dialogBody}>{children}</div>
        {foot && <footer class={css.dialogFoot}>{foot}</footer>}
      </ShownClock.Provider>
    </dialog>
  );
}

function outside(event: MouseEvent, dialog: HTMLElement): boolean {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
