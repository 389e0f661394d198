import type { Call } from "../../api/types";

/**
 * During a supervised transfer, a hold or a conference (`call.stage` is not null): who is connected, who is on hold,
 * who hears whom (`call.parties`), and the buttons for it. Stands in `SelectedCall`.
 */
export function TransferControls(_: { call: Call }) {
  return null;
}
