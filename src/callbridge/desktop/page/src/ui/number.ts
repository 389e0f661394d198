/** Telephone numbers of callers as people read them. What is not plainly a number is shown as it came. */
import { parsePhoneNumberFromString, type CountryCode } from "libphonenumber-js/min";
import { model } from "../model/store";
import { oneLine } from "./harmless";

const COMPLETE = 9;

/** `+493012345` as `+49 30 12345`; by the site's region also what comes without a country code. */
export function phoneNumber(number: string): string {
  return shownNumber(number, model.me.value?.options.region ?? null);
}

export function shownNumber(number: string, region: string | null): string {
  // Short ones are extensions, and whatever has letters is a name.
  if (!/^\+?[0-9]{6,15}$/.test(number)) return oneLine(number);
  const found = parsePhoneNumberFromString(number, (region ?? undefined) as CountryCode | undefined);
  // Without a country code a number is taken for one of the region only where it is a complete one there, with its area
  // code: a short number may be anything.
  const sure =
    found !== undefined && (number.startsWith("+") ? found.isPossible() : number.length >= COMPLETE && found.isValid());
  return sure ? found.formatInternational() : number;
}
