/**
 * A page that is reloaded loses no call. As it goes, it has its caller held, so that they hear music instead of nothing;
 * once it is back and registered, it asks the gateway to ring its phone again for each call that it had, answers that at
 * once, and has the caller resumed. The same, without the hold, where the connection to the PBX was lost and is back:
 * the PBX cannot reach a leg by another connection than the one it came with.
 */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../../api/client";
import { session } from "../../api/session";
import { connection as stream } from "../../api/stream";
import type { Call } from "../../api/types";
import { model } from "../../model/store";
import {
  brokenCalls,
  currentConnection,
  expect,
  hasPhone,
  legs,
  mute,
  muted,
  namesCalls,
  registration,
  seenCalls,
  unexpect,
} from "./phone";
import { copied, keep, kept } from "./tab";

/** Calls that this tab's phone rang for, and whether their caller is to be resumed after a reload. */
type Had = Record<string, "had" | "resume">;

const WITH_PHONE = new Set(["connecting", "talking", "consulting"]);
const TRIES = 3;
const RINGS_WITHIN = 6000;
/** How long a call may look as if it had no phone: what the PBX and the gateway say comes on two ways. */
const SETTLED = 1500;
const OVER = 5000;
const LOOK = 500;

const had: Had = restored();
const beforeTheReload = new Set(Object.keys(had));
const asked = new Map<string, { connection: number; tries: number; at: number }>();
const without = new Map<string, number>();
const over = new Map<string, number>();
const turn = signal(0);

/** Calls of mine that this page's phone is not in, and that it did not have: the agent may want them here. */
export const notHere = computed<readonly Call[]>(() => {
  void turn.value;
  if (!ready()) return [];
  return model.myCalls.value.filter((call) => Date.now() - (without.get(call.id) ?? Infinity) > SETTLED);
});

export function keepCalls(): void {
  effect(() => {
    void turn.value;
    if (!ready()) return;
    remember();
    for (const call of model.myCalls.value) bringBack(call);
    for (const leg of legs.value) if (leg.call !== null && isOver(leg.call, over)) leg.hangUp();
  });
  effect(() => {
    if (!copied.value) return;
    for (const call of Object.keys(had)) delete had[call];
    beforeTheReload.clear();
    store();
  });
  setInterval(() => {
    turn.value += 1;
  }, LOOK);
  window.addEventListener("pagehide", leave);
}

/** The gateway rings this page's phone for the call, which is answered at once. */
export async function bringHere(call: string): Promise<void> {
  expect(call);
  try {
    await api.post("/v1/calls/{call}:reconnect-phone", { path: { call } });
  } catch (error) {
    unexpect(call);
    throw error;
  }
}

function ready(): boolean {
  const live = stream.value.state === "live" && model.known.value;
  return hasPhone.value === true && registration.value.state === "registered" && live;
}

function bringBack(call: Call): void {
  // Where the PBX says of no leg which call it is of, any may be this one's.
  const mine = legs.value.filter((leg) => leg.call === call.id || (leg.call === null && !namesCalls()));
  const here = mine.some((leg) => leg.connection === currentConnection() && !leg.cut);
  if (here || !WITH_PHONE.has(call.state)) {
    without.delete(call.id);
    asked.delete(call.id);
    return;
  }
  if (!without.has(call.id)) without.set(call.id, Date.now());
  // A leg that has ended as legs do is no lost one: the call is about to end, or is somebody else's.
  const reloaded = beforeTheReload.has(call.id) && !seenCalls.has(call.id);
  if (mine.length > 0 || reloaded || brokenCalls.has(call.id)) void again(call.id);
}

async function again(call: string): Promise<void> {
  const connection = currentConnection();
  const before = asked.get(call);
  const tries = before?.connection === connection ? before.tries : 0;
  if (tries >= TRIES || (tries > 0 && Date.now() - (before?.at ?? 0) < RINGS_WITHIN)) return;
  asked.set(call, { connection, tries: tries + 1, at: Date.now() });
  try {
    await bringHere(call);
    if (had[call] !== "resume") return;
    had[call] = "had";
    await api.post("/v1/calls/{call}:resume", { path: { call } });
  } catch {
    // It is over, or somebody else's by now. Where it is neither, it is asked for again, and then the agent is.
  }
}

function remember(): void {
  for (const { call } of legs.value) if (call !== null) had[call] ??= "had";
  for (const call of Object.keys(had)) if (isOver(call, null)) delete had[call];
  store();
  // A call that ended while the page was reloaded: the next one does not begin muted.
  if (muted.peek() && legs.value.length === 0 && Object.keys(had).length === 0) mute(false);
}

/** Whether the gateway knows no such call of mine any more; with `seen`: for some time already. */
function isOver(call: string, seen: Map<string, number> | null): boolean {
  const known = model.calls.value.has(call) || [...model.offers.value.values()].some((offer) => offer.call === call);
  if (known || seen === null) {
    seen?.delete(call);
    return !known;
  }
  if (!seen.has(call)) seen.set(call, Date.now());
  return Date.now() - (seen.get(call) ?? 0) > OVER;
}

/** The page goes. Nothing is hung up: that would end the call. */
function leave(): void {
  const who = session.peek();
  for (const leg of legs.peek()) {
    const call = leg.call === null ? undefined : model.calls.peek().get(leg.call);
    if (who === null || leg.state.peek() !== "up" || call?.state !== "talking" || call.agent !== who.agent) continue;
    had[call.id] = "resume";
    // What is still on its way when the page is gone has to be sent like this.
    void fetch(`/v1/calls/${encodeURIComponent(call.id)}:hold`, {
      method: "POST",
      keepalive: true,
      headers: { Authorization: `Bearer ${who.token}` },
    }).catch(() => undefined);
  }
  store();
}

function store(): void {
  keep("calls", Object.keys(had).length > 0 ? JSON.stringify(had) : null);
}

function restored(): Had {
  try {
    return JSON.parse(kept("calls") ?? "{}") as Had;
  } catch {
    return {};
  }
}
