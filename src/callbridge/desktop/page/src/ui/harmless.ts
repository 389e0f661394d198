/** Text that others chose, such as a caller's name: shown so that every character is what it seems to be. */

const PICTURES = 0x2400;
const DELETED = "\u2421";
const UNKNOWN = "\ufffd";
/* Written as escapes: in clear they would change how this very line reads. */
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
const LINE_ENDS = /\r\n?|[\u2028\u2029]/g;
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Control characters as pictures, marks that turn the direction of reading as an unknown character. */
export function visible(text: string): string {
  return text
    .replace(LINE_ENDS, "\n")
    .replace(CONTROLS, (found) => {
      const code = found.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(PICTURES + code) : code === 0x7f ? DELETED : UNKNOWN;
    })
    .replace(DIRECTIONS, UNKNOWN);
}

/** The same on one line. */
export function oneLine(text: string): string {
  return visible(text)
    .replace(/[\n\t]+/g, " ")
    .trim();
}

/** The address, where it leads to a web page; null for everything else, such as `javascript:`. */
export function webAddress(text: string | null): URL | null {
  if (text === null) return null;
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}
