import { cx } from "./cx";
import { oneLine, visible } from "./harmless";
import css from "./ui.module.css";

/** Text that others chose: its direction of reading stays inside it, long words are broken, lines kept (or `line`: one). */
export function Plain({
  text,
  line = false,
  class: extra,
}: {
  text: string;
  line?: boolean;
  class?: string | undefined;
}) {
  return (
    <bdi dir="auto" class={cx(line ? css.plainLine : css.plain, extra)}>
      {line ? oneLine(text) : visible(text)}
    </bdi>
  );
}
