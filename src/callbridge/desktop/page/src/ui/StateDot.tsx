import type { AgentState } from "../api/types";
import { t } from "../texts/t";
import { cx } from "./cx";
import css from "./ui.module.css";

const DOTS: Record<AgentState, string | undefined> = {
  available: css.dotGreen,
  offered: css.dotBlue,
  on_call: css.dotBlue,
  wrap_up: css.dotAmber,
  busy: css.dotRed,
  offline: css.dotGrey,
};

/** An agent's state: colour, shape and text. `textHidden`: the text is for screen readers and as a tooltip. */
export function StateDot({ state, textHidden = false }: { state: AgentState; textHidden?: boolean }) {
  const text = t(`state.${state}`);
  return (
    <span class={css.state} title={textHidden ? text : undefined}>
      <span class={cx(css.dot, DOTS[state])} aria-hidden="true" />
      <span class={textHidden ? "visually-hidden" : undefined}>{text}</span>
    </span>
  );
}
