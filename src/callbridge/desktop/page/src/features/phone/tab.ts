/** What this tab remembers of its phone, so that a reload does not forget it. */
const PREFIX = "callbridge.phone.";

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
