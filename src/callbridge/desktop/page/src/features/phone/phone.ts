/**
 * The phone in the page: what the other screens see of it, and what puts its parts together.
 *
 * It rings, is answered and hung up here; everything else (hold, transfers, who talks with whom) happens in the PBX by
 * the gateway's doing, and no phone has to know of it.
 */
import { computed, effect, signal, untracked } from "@preact/signals";
import { api } from "../../api/client";
import { asProblem } from "../../api/problem";
import { session } from "../../api/session";
import type { StreamEvent } from "../../api/types";
import { selectedCall } from "../../desk/selection";
import { model } from "../../model/store";
import { screen } from "../../router";
import { Leg } from "./leg";
import type { Line, LineSettings, Registration } from "./line";
import {
  chosenMicrophone,
  chosenRinger,
  chosenSpeaker,
  end,
  listDevices,
  microphone,
  openMicrophone,
  prepareMicrophone,
  processing,
} from "./microphone";
import { ring, silence } from "./ringer";
import { copied, kept, keep, tabName } from "./tab";

export type PhoneState =
  /** The agent has a desk phone or another softphone: no phone in the page. */
  | "none"
  | "connecting"
  | "registered"
  /** Trying again by itself. */
  | "lost"
  /** The PBX refuses it, another page has it, or there is no microphone: somebody has to do something. */
  | "failed";

/** null: not known yet. */
export const hasPhone = signal<boolean | null>(null);
/** The part of the page that is the phone cannot be loaded: callbridge was upgraded since the page was opened, say. */
export const unloadable = signal(false);
export const registration = signal<Registration>({ state: "off" });
export const legs = signal<readonly Leg[]>([]);
export const muted = signal<boolean>(kept("muted") !== null);
/** What the microphone says, for its meter. */
export const ownStream = signal<MediaStream | null>(null);

export const phoneState = computed<PhoneState>(() => {
  if (!hasPhone.value) return hasPhone.value === null && session.value !== null ? "connecting" : "none";
  if (unloadable.value) return "failed";
  switch (registration.value.state) {
    case "off":
    case "registering":
      return "connecting";
    case "registered":
      return ["denied", "missing", "busy", "insecure"].includes(microphone.value) ? "failed" : "registered";
    case "lost":
      return "lost";
    default:
      return "failed";
  }
});

/** The leg that is talked on: of the call that the desk shows, where there are several. */
export const activeLeg = computed<Leg | null>(() => {
  const up = legs.value.filter((leg) => leg.state.value === "up");
  return up.find((leg) => leg.call !== null && leg.call === selectedCall.value?.id) ?? up.at(-1) ?? null;
});

export const ringingLegs = computed<readonly Leg[]>(() => legs.value.filter((leg) => leg.state.value === "ringing"));

const ANSWER_WITHIN = 10_000;
const TONE = 120;
const AGAIN = 5000;

let line: Line | null = null;
let lineSettings: (LineSettings & { iceServers: RTCIceServer[] }) | null = null;
/** Of the PBX: raised with each WebSocket, since it reaches a leg only by the one that it came with. */
let connection = 0;
/** Calls whose next ringing is answered at once, and until when. */
const expected = new Map<string, number>();
/** Calls for which this page's phone has rung since it was opened. */
export const seenCalls = new Set<string>();
/** Calls whose leg has ended because the connection to the PBX broke, and not because anybody hung up. */
export const brokenCalls = new Set<string>();
let talk: Promise<MediaStream> | null = null;

// ---------------------------------------------------------------- what others press

/**
 * The agent has accepted the offer of this call: here, in another tab, or by a service that works in their name. Where
 * it rings here it is picked up, and where it does not ring yet, as soon as it does. No other call is.
 */
export function answerRinging(call: string): void {
  if (hasPhone.peek() !== true) return;
  const mine = legs.peek().filter((leg) => leg.call === call);
  const ringing = mine.find((leg) => leg.state.peek() === "ringing");
  if (ringing) void pickUp(ringing);
  else if (mine.length === 0) expect(call);
}

/** The next ringing for this call is answered at once: the phone was asked for. */
export function expect(call: string): void {
  expected.set(call, Date.now() + ANSWER_WITHIN);
}

export function unexpect(call: string): void {
  expected.delete(call);
}

function isExpected(call: string): boolean {
  return (expected.get(call) ?? 0) > Date.now();
}

export async function pickUp(leg: Leg): Promise<void> {
  if (leg.state.value !== "ringing") return;
  leg.state.value = "answering";
  const stream = await (talk ??= openTalk());
  leg.answer(stream, lineSettings?.iceServers ?? [], chosenSpeaker.peek());
  if (legs.peek().length === 0) void hangUpMicrophone();
}

export function mute(on: boolean): void {
  muted.value = on;
  keep("muted", on ? "1" : null);
  for (const track of ownStream.peek()?.getAudioTracks() ?? []) track.enabled = !on;
}

/** `tone`: 0 to 9, *, #. Whoever is talked with gets it; nothing happens without a call. */
export function sendDtmf(tone: string): void {
  activeLeg.value?.press(tone, TONE);
}

/** Takes the phone from another page that has it. */
export function takeOver(): void {
  announce();
  line?.takeOver();
}

export const currentConnection = (): number => connection;

/** Whether the PBX has ever said to this tab which call a leg is of; if so it does each time. */
export const namesCalls = (): boolean => kept("names") !== null;

// ---------------------------------------------------------------- from login to logout

/** Runs as long as the page is open. A wallboard on a screen is nobody's phone. */
export function keepPhone(): void {
  // Loaded while what this page was made from is there still; whoever logs in hours later has it then.
  if (screen.peek() !== "wallboard") void loadLine().catch(() => undefined);
  let owner: string | null = null;
  let turn = 0;
  effect(() => {
    const who = session.value?.agent ?? null;
    if (who === owner) return;
    if (owner !== null) {
      // However the session ended: nobody's caller is hung up on. The phone goes when the last call is over.
      if (legs.value.some((leg) => leg.state.value !== "ringing")) return;
      owner = null;
      turn += 1;
      untracked(stop);
    }
    const inPage = webphone.value;
    if (who === null || screen.value === "wallboard" || inPage === null) return;
    owner = who;
    const mine = turn;
    if (inPage) untracked(() => void start(() => turn === mine));
    else hasPhone.value = false;
  });
  model.onEvent(follow);
  effect(ringWhenSomebodyCalls);
  effect(() => {
    void [chosenMicrophone.value, processing.value];
    void otherMicrophone();
  });
  effect(() => {
    for (const leg of legs.value) leg.hearWith(chosenSpeaker.value);
  });
  navigator.mediaDevices?.addEventListener("devicechange", () => {
    void listDevices();
    // One that was missing may be there now, and one that is gone is to be replaced.
    if (ownStream.peek()?.getAudioTracks()[0]?.readyState !== "live" || microphone.peek() !== "ready")
      void otherMicrophone();
  });
}

/** Whether the agent's phone is the one in the page. null: not known yet. */
const webphone = computed<boolean | null>(() => {
  const me = model.me.value;
  return me === null || me.id !== session.value?.agent ? null : me.capabilities.webphone;
});

let lineLoading: Promise<typeof import("./line")> | null = null;

function loadLine(): Promise<typeof import("./line")> {
  lineLoading ??= import("./line").catch((error: unknown) => {
    lineLoading = null;
    throw error;
  });
  return lineLoading;
}

async function start(wanted: () => boolean): Promise<void> {
  const code = await loadLine().catch(() => null);
  if (!wanted()) return;
  unloadable.value = code === null;
  if (code === null) {
    hasPhone.value = true;
    return;
  }
  const name = await tabName();
  const phone = await settings(wanted);
  if (!wanted()) return;
  hasPhone.value = phone !== null;
  if (phone === null) return;
  if (copied.peek() && legs.peek().length === 0) mute(false);
  lineSettings = phone;
  // Before the line: without a microphone there is something to be said, whatever the line does.
  void prepareMicrophone();
  line = new code.Line(phone, name, {
    registration: (now) => {
      registration.value = now;
    },
    connected: () => {
      connection += 1;
    },
    rings,
  });
  announce();
  line.start();
}

/** Asked for until there is an answer. null: the agent has no phone in the page, or has left. */
async function settings(wanted: () => boolean): Promise<typeof lineSettings> {
  while (wanted()) {
    try {
      const phone = await api.get("/v1/me/phone");
      return {
        url: phone.url,
        uri: phone.uri,
        username: phone.username,
        password: phone.password,
        displayName: phone.display_name,
        iceServers: phone.ice_servers,
      };
    } catch (error) {
      if (asProblem(error).status === 404) return null;
    }
    await new Promise((wake) => setTimeout(wake, AGAIN));
  }
  return null;
}

function stop(): void {
  line?.stop();
  line = null;
  lineSettings = null;
  hasPhone.value = null;
  unloadable.value = false;
  registration.value = { state: "off" };
  legs.value = [];
  expected.clear();
  seenCalls.clear();
  brokenCalls.clear();
  mute(false);
  void hangUpMicrophone();
}

// ---------------------------------------------------------------- calls

function rings(session: ConstructorParameters<typeof Leg>[0], call: string | null): void {
  const leg = new Leg(session, call, connection, changed);
  legs.value = [...legs.value, leg];
  const asked = call !== null && isExpected(call);
  if (call !== null) {
    expected.delete(call);
    seenCalls.add(call);
    keep("names", "1");
    brokenCalls.delete(call);
    // What this one takes the place of, and the PBX has let go already.
    for (const old of legs.peek()) if (old !== leg && old.call === call) old.hangUp();
  }
  if (asked) void pickUp(leg);
}

function changed(leg: Leg): void {
  if (leg.state.peek() !== "ended") {
    // The microphone may have been changed while the call was being answered.
    if (leg.state.peek() === "up") void hearMe(leg);
    // For whoever watches the legs: one of them is cut.
    legs.value = [...legs.peek()];
    return;
  }
  legs.value = legs.peek().filter((each) => each !== leg);
  if (leg.broken && leg.call !== null) brokenCalls.add(leg.call);
  if (legs.peek().length > 0) return;
  void hangUpMicrophone();
  // The next caller is heard by default; but a call whose phone rings again goes on as it was.
  if (!leg.broken && (leg.call === null || !isExpected(leg.call))) mute(false);
}

/** What the stream says of calls that are or were to be picked up. */
function follow(event: StreamEvent): void {
  if (event.type === "call.ended") unexpect(event.data.call.id);
  if (event.type !== "offer.ended" || event.data.offer.agent !== model.me.peek()?.id) return;
  const { offer } = event.data;
  if (offer.state === "accepted") answerRinging(offer.call);
  else unexpect(offer.call);
}

function ringWhenSomebodyCalls(): void {
  // After a reload the offer is there, but no ringing: the PBX rings the page that is gone.
  const offered = hasPhone.value === true && model.myOffers.value.length > 0;
  const answering = legs.value.some((leg) => leg.state.value === "answering");
  if ((ringingLegs.value.length > 0 || offered) && !answering)
    ring(chosenRinger.value, activeLeg.value === null ? 1 : 0.25);
  else silence();
}

// ---------------------------------------------------------------- the microphone, while there is a call

function openTalk(): Promise<MediaStream> {
  const opening: Promise<MediaStream> = openMicrophone().then((stream) => {
    if (talk === opening) useMicrophone(stream);
    return stream;
  });
  return opening;
}

function useMicrophone(stream: MediaStream): void {
  for (const track of stream.getAudioTracks()) {
    track.enabled = !muted.peek();
    track.addEventListener("ended", () => {
      if (ownStream.peek() === stream) void otherMicrophone();
    });
  }
  ownStream.value = stream;
}

let changing = false;
let changeAgain = false;

/** One change at a time: whatever is plugged in or chosen meanwhile is looked at when that is done. */
async function otherMicrophone(): Promise<void> {
  changeAgain = true;
  if (changing) return;
  changing = true;
  try {
    while (changeAgain && talk !== null) {
      changeAgain = false;
      await changeMicrophone(talk);
    }
  } finally {
    changing = false;
  }
}

async function changeMicrophone(opened: Promise<MediaStream>): Promise<void> {
  const before = await opened;
  const stream = await openMicrophone();
  if (talk !== opened) {
    // The call is over meanwhile; the next one has a microphone of its own.
    end(stream);
    return;
  }
  talk = Promise.resolve(stream);
  useMicrophone(stream);
  await Promise.all(legs.peek().map(hearMe));
  end(before);
}

/** The leg carries what the microphone says that is open now. */
async function hearMe(leg: Leg): Promise<void> {
  const track = ownStream.peek()?.getAudioTracks()[0];
  if (track) await leg.replace(track);
}

async function hangUpMicrophone(): Promise<void> {
  const opened = talk;
  talk = null;
  ownStream.value = null;
  if (opened !== null) end(await opened);
}

// ---------------------------------------------------------------- one page has the phone

const tabs = "BroadcastChannel" in window ? new BroadcastChannel("callbridge.phone") : null;

tabs?.addEventListener("message", ({ data }: MessageEvent<{ uri: string }>) => {
  if (data.uri === lineSettings?.uri) line?.yield();
});

function announce(): void {
  tabs?.postMessage({ uri: lineSettings?.uri });
}
