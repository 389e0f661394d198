/** Which call's transfer screen is open; any button opens it with `openTransfer(call.id)`. */
import { signal } from "@preact/signals";

export const transferOf = signal<string | null>(null);

export function openTransfer(call: string): void {
  transferOf.value = call;
}

export function closeTransfer(): void {
  transferOf.value = null;
}
