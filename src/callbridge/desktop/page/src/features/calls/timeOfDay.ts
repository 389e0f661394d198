import { language } from "../../texts/t";

/** 14:05, in this computer's zone, where the agent is; with seconds where asked for. */
export function timeOfDay(moment: string | null, seconds = false): string {
  const at = new Date(moment ?? "");
  if (Number.isNaN(at.getTime())) return "";
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (seconds) options.second = "2-digit";
  return new Intl.DateTimeFormat(language.value === "de" ? "de" : undefined, options).format(at);
}
