/** The one AudioContext of the page, and whether the browser lets it sound. */
import { signal } from "@preact/signals";

/** The browser plays nothing before somebody has clicked or pressed a key: after a reload, say. */
export const soundBlocked = signal(false);

let context: AudioContext | null = null;
const waiting = new Set<() => void>();

export function audioContext(): AudioContext {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => undefined);
  return context;
}

/** Plays, and once more after the next click where the browser did not allow it now. Gives back how to end that. */
export function play(element: HTMLAudioElement): () => void {
  const again = () => {
    element.play().then(allowed, () => {
      if (waiting.has(again)) soundBlocked.value = true;
    });
  };
  const allowed = () => {
    waiting.delete(again);
    soundBlocked.value = waiting.size > 0;
  };
  waiting.add(again);
  again();
  return () => {
    element.pause();
    allowed();
  };
}

function gesture(): void {
  if (context?.state === "suspended") void context.resume().catch(() => undefined);
  for (const again of waiting) again();
}

for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, gesture, { capture: true });

/** Sends what an element plays to this output; "" is the browser's own choice. Where that cannot be chosen, nothing. */
export async function sendTo(element: HTMLAudioElement, device: string): Promise<void> {
  try {
    await element.setSinkId?.(device);
  } catch {
    // The device is not there any more: what is played goes where the browser plays by itself.
    await element.setSinkId?.("").catch(() => undefined);
  }
}
