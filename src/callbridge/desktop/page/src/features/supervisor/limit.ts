/** After which time a caller has waited too long: each browser's own choice. */
import { signal } from "@preact/signals";
import { remember, remembered } from "../../ui/remember";

/** Seconds. */
export const LIMITS = [20, 30, 60, 120, 180, 300, 600] as const;
const NAME = "supervisor.limit";

export const limit = signal<number>(remembered<number>(NAME, 60, (value) => LIMITS.some((each) => each === value)));

export function setLimit(seconds: number): void {
  limit.value = seconds;
  remember(NAME, seconds);
}
