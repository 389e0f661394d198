/** Names of the reasons for being busy. */
import { reasonText } from "../texts/t";
import { en, type Key } from "../texts/texts";
import { model } from "./store";

/** The administrator's name of it; what came with callbridge, and the gateway's own reasons, in the page's language. */
export function reasonName(reason: string | null): string {
  const given = model.me.value?.options.not_ready_reasons.find(({ id }) => id === reason)?.name;
  const shipped = en[`reason.${reason}` as Key] as string | undefined;
  return given !== undefined && given !== shipped ? given : reasonText(reason);
}
