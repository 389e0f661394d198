/** What a page needs that stands on a wall for days: a screen that stays on, and the newest version of itself. */
import { useEffect } from "preact/hooks";

const LOOK = 10 * 60_000;

/** Asks the computer not to dim the screen; browsers allow it on https pages and where the page can be seen. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const ask = async () => {
      if (over || document.visibilityState !== "visible" || (lock !== null && !lock.released)) return;
      try {
        lock = await navigator.wakeLock.request("screen");
        if (over) await lock.release();
      } catch {
        // Not there, or not now (a battery that is low): the screen's own settings decide.
      }
    };
    const again = () => void ask();
    if ("wakeLock" in navigator) {
      again();
      document.addEventListener("visibilitychange", again);
    }
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", again);
      void lock?.release().catch(() => undefined);
    };
  }, []);
}

/** Loads the page again after the gateway was upgraded. */
export function useNewestPage(): void {
  useEffect(() => {
    let first: string | null = null;
    const look = async () => {
      try {
        const answer = await fetch("/", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(10_000) });
        const etag = answer.ok ? answer.headers.get("ETag") : null;
        if (etag === null) return;
        if (first !== null && etag !== first) location.reload();
        first ??= etag;
      } catch {
        // The gateway is away: the next look will tell.
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK);
    return () => clearInterval(timer);
  }, []);
}
