/** Numbers formatted while they are typed, as people of the site's region write them. The gateway judges them. */
import { AsYouType, type CountryCode } from "libphonenumber-js/min";

export interface Typed {
  text: string;
  caret: number;
}

const PLAIN = /^[+0-9\s()./-]*$/;

/** What is in the field after a key, formatted, with the caret behind the same digit. `before`: what was there. */
export function typed(after: Typed, before: string, region: string | null): Typed {
  const { text, caret } = after;
  if (!PLAIN.test(text)) return after;
  let digits = digitsOf(text);
  let left = digitsOf(text.slice(0, caret)).length;
  if (text.length === before.length - 1 && digits === digitsOf(before) && left > 0) {
    // Only a separator was deleted, which would be back at once: the digit before it is meant.
    digits = digits.slice(0, left - 1) + digits.slice(left);
    left--;
  }
  const shown = new AsYouType((region ?? undefined) as CountryCode | undefined).input(digits);
  return { text: shown, caret: caretAfter(shown, left) };
}

function digitsOf(text: string): string {
  const plus = /^\D*\+/.test(text) ? "+" : "";
  return plus + text.replace(/\D/g, "");
}

function caretAfter(text: string, digits: number): number {
  let at = 0;
  for (let seen = 0; at < text.length && seen < digits; at++) if (/[+0-9]/.test(text[at] ?? "")) seen++;
  return at;
}
