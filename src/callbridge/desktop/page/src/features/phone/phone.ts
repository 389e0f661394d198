/** What the other screens know of the phone in the page. */
import { signal } from "@preact/signals";

export type PhoneState =
  /** The agent has a desk phone or another softphone: no phone in the page. */
  | "none"
  | "connecting"
  | "registered"
  /** Trying again by itself. */
  | "lost"
  /** The PBX refuses it, or the microphone may not be used: somebody has to do something. */
  | "failed";

export const phoneState = signal<PhoneState>("none");

/** Picks up the page's ringing phone; null where no phone of the page rings. Accept calls it after the offer's POST. */
export const answerWith = signal<(() => void) | null>(null);

/** Accept presses this too: whoever has no phone in the page, or none that rings, notices nothing. */
export function answerRinging(): void {
  answerWith.value?.();
}
