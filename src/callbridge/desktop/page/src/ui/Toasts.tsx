import { signal } from "@preact/signals";
import { X } from "lucide-preact";
import { asProblem } from "../api/problem";
import { problemText, t } from "../texts/t";
import { Above } from "./Above";
import { Button } from "./Button";
import { cx } from "./cx";
import css from "./ui.module.css";

type Kind = "info" | "good" | "error";
interface Toast {
  id: number;
  kind: Kind;
  text: string;
}

const STAYS = 6000;
const ERROR_STAYS = 12_000;
const MOST = 4;

const toasts = signal<readonly Toast[]>([]);
let next = 0;

/** Says something once, at the edge of the page and to screen readers. */
export function toast(text: string, kind: Kind = "info"): void {
  const id = next++;
  toasts.value = [...toasts.value.filter((shown) => shown.text !== text), { id, kind, text }].slice(-MOST);
  setTimeout(() => dismiss(id), kind === "error" ? ERROR_STAYS : STAYS);
}

/** Why an action of the user did not work. */
export function toastProblem(error: unknown): void {
  toast(problemText(asProblem(error)), "error");
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((shown) => shown.id !== id);
}

export function Toasts() {
  return (
    <Above>
      <Shown />
    </Above>
  );
}

function Shown() {
  return (
    <div class={css.toasts} role="status" aria-live="polite">
      {toasts.value.map(({ id, kind, text }) => (
        <div key={id} class={cx(css.toast, kind === "error" && css.toastError, kind === "good" && css.toastGood)}>
          <p class={css.toastText}>{text}</p>
          <Button kind="quiet" size="small" icon={X} aria-label={t("common.close")} onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
