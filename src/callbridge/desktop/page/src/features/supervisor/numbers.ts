/** Numbers as people read them. */
import { asClock } from "../../model/clock";
import { language, t } from "../../texts/t";

/** Seconds that a caller who came now would wait. */
export function expectedWait(seconds: number): string {
  return seconds <= 0 ? t("supervisor.atOnce") : asClock(Math.round(seconds));
}

/** How many parts of a whole, in percent; "" where there is no whole. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "";
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 0 }).format(part / whole);
}

export function count(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}
