import type { LucideIcon } from "lucide-preact";
import css from "./ui.module.css";

export type IconPicture = LucideIcon;

/** An icon of lucide-preact. Never alone: a text, or the button's label, says what it means. */
export function Icon({ of: Picture, size = 16 }: { of: IconPicture; size?: number }) {
  return <Picture size={size} strokeWidth={1.9} class={css.icon ?? ""} aria-hidden="true" />;
}
