/** What this tab remembers of its phone, so that a reload does not forget it; and how the PBX knows this tab again. */
import { signal } from "@preact/signals";
import { newKey } from "../../api/client";

const PREFIX = "callbridge.phone.";
/** For how long (ms) a page that is being reloaded may still have the name: it is waited for no longer than needed. */
const LETS_GO = 2500;

/** Whether this tab began as a copy of another one: what it remembers is the other's. */
export const copied = signal(false);

export function kept(key: string): string | null {
  try {
    return sessionStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, value);
  } catch {
    // Without storage a reload begins anew.
  }
}

let name: Promise<string> | null = null;

/** The same after a reload, and no other tab's. */
export function tabName(): Promise<string> {
  return (name ??= ownName());
}

/** A browser that duplicates a tab copies its storage too; but a lock is held by one page only. */
async function ownName(): Promise<string> {
  const before = kept("tab");
  if (before !== null && (await hold(before))) return before;
  copied.value = before !== null;
  const fresh = `page-${newKey()}`;
  keep("tab", fresh);
  await hold(fresh);
  return fresh;
}

/** Holds the name for as long as this page is there. False: another page has it. */
async function hold(wanted: string): Promise<boolean> {
  // Pages with an insecure address have no locks, and no microphone either.
  const locks = navigator.locks as LockManager | null | undefined;
  if (!locks) return true;
  return new Promise((resolve) => {
    const held = () => {
      resolve(true);
      return new Promise<void>(() => undefined);
    };
    locks
      .request(PREFIX + wanted, { signal: AbortSignal.timeout(LETS_GO) }, held)
      .catch((error: DOMException) => resolve(error.name !== "TimeoutError"));
  });
}
