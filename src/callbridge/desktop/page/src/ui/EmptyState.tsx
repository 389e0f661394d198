import { Icon, type IconPicture } from "./Icon";
import css from "./ui.module.css";

export function EmptyState({ icon, title, hint }: { icon: IconPicture; title: string; hint?: string }) {
  return (
    <div class={css.empty}>
      <span class={css.emptyIcon}>
        <Icon of={icon} size={22} />
      </span>
      <p class={css.emptyTitle}>{title}</p>
      {hint && <p class={css.emptyHint}>{hint}</p>}
    </div>
  );
}
