import type { AgentState, PhoneState } from "../api/types";
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

interface Props {
  state: AgentState;
  textHidden?: boolean;
  phone?: PhoneState;
}

/**
 * An agent's state: colour, shape and text. `textHidden`: the text is for screen readers and as a tooltip. `phone`:
 * whoever is available while it is in use is in a call that callbridge does not know.
 */
export function StateDot({ state, textHidden = false, phone }: Props) {
  const away = state === "available" && phone === "in_use";
  const text = t(away ? "state.private" : `state.${state}`);
  return (
    <span class={css.state} title={textHidden ? text : undefined}>
      <span class={cx(css.dot, away ? css.dotAmber : DOTS[state])} aria-hidden="true" />
      <span class={textHidden ? "visually-hidden" : undefined}>{text}</span>
    </span>
  );
}
