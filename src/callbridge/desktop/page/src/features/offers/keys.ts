/**
 * Shortcuts of an offer: Alt+A accepts, Alt+R rejects (⌥ on a Mac), on every screen while one is pending. They do
 * nothing while somebody types: there Alt makes characters.
 */
export type Answer = "accept" | "reject";

export const SHORTCUTS: Record<Answer, string> = { accept: "Alt+A", reject: "Alt+R" };

const LETTERS: Record<string, Answer> = { a: "accept", r: "reject" };

interface Pressed {
  key: string;
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
  target: EventTarget | null;
}

export function answerOf(event: Pressed): Answer | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return null;
  if (isTyping(event.target)) return null;
  // Where Alt changes what a key writes (å on a Mac), the place of the key says which it is.
  const letter = /^[a-z]$/i.test(event.key) ? event.key : event.code.replace(/^Key/, "");
  return LETTERS[letter.toLowerCase()] ?? null;
}

const NOT_TYPED_IN = new Set(["button", "checkbox", "radio", "range", "submit", "reset", "color", "file"]);

/** Whether what is pressed there is meant as text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !NOT_TYPED_IN.has(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
