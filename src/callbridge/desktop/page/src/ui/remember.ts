/** What this browser remembers of how somebody likes the page: never anything about callers. */
const PREFIX = "callbridge.";

export function remembered<T>(key: string, otherwise: T, fits: (value: string & T) => boolean = () => true): T {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
    return found !== null && typeof found === typeof otherwise && fits(found as string & T) ? (found as T) : otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // A browser that stores nothing forgets it with the page.
  }
}
