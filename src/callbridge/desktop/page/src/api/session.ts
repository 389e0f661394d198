/** Who is logged in, and until when. The token lives in memory and, to survive a reload, in this tab's storage. */
import { signal } from "@preact/signals";
import type { SessionAnswer, SetBy } from "./types";

export interface Session {
  token: string;
  agent: string;
  supervisor: boolean;
  /** When the token ends and when it was got, in ms of this computer's clock: only differences matter. */
  endsAt: number;
  gotAt: number;
}

/** Why the last session ended; a text says it on the login screen. */
export type Ended = "expired" | "loggedOut" | "setOffline";

const KEY = "callbridge.session";

export const session = signal<Session | null>(restored());
export const ended = signal<Ended | null>(null);
/** Who else ended it, and when; null: nobody else. */
export const endedBy = signal<SetBy | null>(null);
/** The agent is logging out by their own hand. */
export const leaving = signal(false);

export function begin(answer: SessionAnswer, now = Date.now()): void {
  ended.value = null;
  endedBy.value = null;
  leaving.value = false;
  session.value = {
    token: answer.token,
    agent: answer.agent,
    supervisor: answer.supervisor,
    gotAt: now,
    endsAt: now + answer.expires_in * 1000,
  };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(session.value));
  } catch {
    // Without storage the session lasts until the next reload.
  }
}

export function end(why: Ended, by: SetBy | null = null): void {
  if (session.value === null) return;
  endedBy.value = by;
  session.value = null;
  ended.value = why;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was stored then.
  }
}

function restored(): Session | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Partial<Session> | null;
    if (!found || typeof found.token !== "string" || typeof found.agent !== "string") return null;
    if (typeof found.endsAt !== "number" || typeof found.gotAt !== "number" || found.endsAt <= Date.now()) return null;
    return {
      token: found.token,
      agent: found.agent,
      supervisor: found.supervisor === true,
      endsAt: found.endsAt,
      gotAt: found.gotAt,
    };
  } catch {
    return null;
  }
}
