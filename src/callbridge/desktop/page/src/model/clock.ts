/** The gateway's clock: deadlines are right also where this computer's clock is wrong. */
import { signal } from "@preact/signals";

const STEP = 250;

let offset = 0;
let exact = false;

/** ms since 1970 by the gateway's clock, ticking four times a second: the one timer of the page. */
export const now = signal(Date.now());

export function serverNow(): number {
  return Date.now() + offset;
}

/** The time in a snapshot, which has just come. */
export function heardMoment(at: string | null): void {
  const then = at === null ? Number.NaN : Date.parse(at);
  if (Number.isNaN(then)) return;
  offset = then - Date.now();
  exact = true;
  now.value = serverNow();
}

/** A `Date` header: whole seconds only, so it corrects no more than what a snapshot cannot have meant. */
export function heardDate(header: string | null): void {
  const then = header === null ? Number.NaN : Date.parse(header) + 500;
  if (Number.isNaN(then)) return;
  const found = then - Date.now();
  if (exact && Math.abs(found - offset) < 3000) return;
  offset = found;
  exact = false;
}

let ticking: ReturnType<typeof setInterval> | undefined;

export function startClock(): () => void {
  clearInterval(ticking);
  ticking = setInterval(() => {
    now.value = serverNow();
  }, STEP);
  return () => clearInterval(ticking);
}

/** Whole seconds from a moment until now, never negative. */
export function secondsSince(moment: string | null, at: number): number {
  const then = moment === null ? Number.NaN : Date.parse(moment);
  return Number.isNaN(then) ? 0 : Math.max(0, Math.floor((at - then) / 1000));
}

/** Seconds from now to a moment, rounded up and never negative. */
export function secondsUntil(moment: string | null, at: number): number {
  const then = moment === null ? Number.NaN : Date.parse(moment);
  return Number.isNaN(then) ? 0 : Math.max(0, Math.ceil((then - at) / 1000));
}

/** 65 -> "01:05", 3700 -> "1:01:40". */
export function asClock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${two(minutes)}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
