import type { Call } from "../../api/types";

/** Hold, resume, transfer, hang up: the buttons of a call. Stands in `SelectedCall`. */
export function CallActions(_: { call: Call }) {
  return null;
}
