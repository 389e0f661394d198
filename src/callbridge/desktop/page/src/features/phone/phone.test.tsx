import type { RTCSession } from "jssip/lib/RTCSession";
import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

interface Events {
  registration: (now: object) => void;
  rings: (session: RTCSession, call: string | null) => void;
}
const lines = vi.hoisted(() => [] as { events: Events; contact: string; stopped: number }[]);
const asked = vi.hoisted(() => [] as string[]);
vi.mock("./line", () => ({
  Line: class {
    stopped = 0;
    constructor(
      _settings: object,
      readonly contact: string,
      readonly events: Events,
    ) {
      lines.push(this);
    }
    start() {
      this.events.registration({ state: "registered" });
    }
    stop() {
      this.stopped += 1;
    }
    takeOver() {}
    yield() {}
  },
}));
vi.mock("../../api/client", () => ({
  api: {
    get: async (path: string) => {
      asked.push(path);
      return { url: "wss://x/ws", uri: "sip:a@x", username: "a", password: "p", display_name: "A", ice_servers: [] };
    },
    post: async (path: string) => void asked.push(path),
  },
  newKey: () => "k",
}));
vi.mock("./LevelMeter", () => ({ LevelMeter: () => null }));
vi.mock("./ringer", () => ({ ring: () => undefined, silence: () => undefined, tryOut: () => undefined }));

// ---------------------------------------------------------------- microphones

class Track extends EventTarget {
  enabled = true;
  readyState = "live";
  stop() {
    this.readyState = "ended";
  }
}
let opened: { track: Track }[] = [];
let gates: (() => void)[] | null = null;
const media = Object.assign(new EventTarget(), {
  getUserMedia: async () => {
    if (gates !== null) await new Promise<void>((wake) => gates?.push(wake));
    const track = new Track();
    const stream = { track, getAudioTracks: () => [track], getTracks: () => [track] };
    opened.push(stream);
    return stream;
  },
  enumerateDevices: async () => [{ kind: "audioinput", deviceId: "d", label: "d" }],
});
Object.defineProperty(navigator, "mediaDevices", { value: media, configurable: true });
const permissions = { query: async () => ({ state: "granted" }) };
Object.defineProperty(navigator, "permissions", { value: permissions, configurable: true });

// ---------------------------------------------------------------- calls

type FakeSession = ReturnType<typeof fakeSession>;

function fakeSession(id: string) {
  const handlers = new Map<string, (event: object) => void>();
  const sender = {
    track: null as Track | null,
    replaceTrack: async (track: Track) => {
      await settled(1);
      sender.track = track;
    },
  };
  return {
    id,
    remote_identity: { display_name: `Name ${id}`, uri: { user: id } },
    on: (name: string, handler: (event: object) => void) => void handlers.set(name, handler),
    says: (name: string, event: object = {}) => handlers.get(name)?.(event),
    terminate() {},
    connection: { getSenders: () => [sender], iceConnectionState: "connected" },
    sender,
    answered: 0,
    answer({ mediaStream }: { mediaStream: { getAudioTracks: () => Track[] } }) {
      this.answered += 1;
      sender.track = mediaStream.getAudioTracks()[0] ?? null;
    },
  };
}

function rings(id: string, of: string | null = id): FakeSession {
  const session = fakeSession(id);
  lines.at(-1)?.events.rings(session as unknown as RTCSession, of);
  return session;
}

async function talks(id: string, of: string | null = id): Promise<FakeSession> {
  const session = rings(id, of);
  const leg = phone.legs.value.at(-1);
  if (leg) await phone.pickUp(leg);
  session.says("confirmed");
  return session;
}

const settled = (milliseconds = 20) => new Promise((wake) => setTimeout(wake, milliseconds));

const phone = await import("./phone");
const { session, end, begin } = await import("../../api/session");
const { model } = await import("../../model/store");
const { CallThatGoesOn, PhonePanel } = await import("./PhonePanel");

const OFFER = { id: "o-1", call: "c-1", agent: "erika", state: "pending", deadline: "x", preview: null };
const says = (type: string, data: object) =>
  model.take([{ id: "1-1", type, data }] as unknown as Parameters<typeof model.take>[0]);
const offerEnds = (state: string) => says("offer.ended", { offer: { ...OFFER, state } });

function snapshot(more: object = {}): void {
  const directory = { agents: [], groups: [] };
  const me = { id: "erika", capabilities: { webphone: true } };
  const rest = { calls: [], offers: [], transfers: [], scopes: [], at: "2026-01-01T00:00:00Z" };
  says("snapshot", { me, directory, ...rest, ...more });
}

const login = () =>
  begin({ token: "t", agent: "erika", supervisor: false, expires_in: 600 } as Parameters<typeof begin>[0]);

function hangUpAll(): void {
  for (const leg of phone.legs.value) (leg as unknown as { session: FakeSession }).session.says("ended");
}

let keeping = false;
beforeEach(async () => {
  opened = [];
  gates = null;
  if (!keeping) phone.keepPhone();
  keeping = true;
  login();
  snapshot();
  await settled(30);
});

afterEach(async () => {
  hangUpAll();
  end("loggedOut");
  model.clear();
  await settled();
});

function shown(part = <PhonePanel />): { buttons: () => (string | null)[]; root: HTMLElement } {
  const root = document.createElement("div");
  render(part, root);
  return { root, buttons: () => [...root.querySelectorAll("button")].map((each) => each.textContent) };
}

// ---------------------------------------------------------------- logging out

test.each(["setOffline", "loggedOut", "expired"] as const)(
  "whoever talks when their session ends (%s) talks on; the phone goes when the last call is over",
  async (why) => {
    const line = lines.at(-1);
    const [one, two] = [await talks("c-1"), await talks("c-2")];
    end(why);
    await settled();
    one.says("ended");
    await settled();
    expect(line?.stopped).toBe(0);
    expect(shown(<CallThatGoesOn />).buttons()).toContain("Hang up");
    two.says("ended");
    expect(line?.stopped).toBe(1);
    expect(phone.hasPhone.value).toBe(null);
  },
);

test("somebody who logs in again during a call keeps the phone that they have", async () => {
  const line = lines.at(-1);
  const one = await talks("c-1");
  end("expired");
  login();
  one.says("ended");
  await settled();
  expect(session.value).not.toBe(null);
  expect(line?.stopped).toBe(0);
  expect(lines.at(-1)).toBe(line);
});

test("a phone that only rings goes with the session", () => {
  rings("c-1");
  end("loggedOut");
  expect(lines.at(-1)?.stopped).toBe(1);
});

// ---------------------------------------------------------------- accepting

test("an accepted offer answers its own call only, however early it was accepted", async () => {
  phone.answerRinging("c-1");
  const [other, colleague, mine] = [rings("c-2"), rings("direct", null), rings("c-1")];
  await settled();
  expect([other.answered, colleague.answered, mine.answered]).toEqual([0, 0, 1]);
});

test("where several phones ring, the offer's is answered, not the one that rang last", async () => {
  const [mine, other, colleague] = [rings("c-1"), rings("c-2"), rings("direct", null)];
  phone.answerRinging("c-1");
  await settled();
  expect([mine.answered, other.answered, colleague.answered]).toEqual([1, 0, 0]);
});

test("an offer that ends without an answer, or whose call ends, answers nothing any more", async () => {
  phone.answerRinging("c-1");
  offerEnds("timed_out");
  phone.answerRinging("c-2");
  says("call.ended", { call: { id: "c-2", agent: null, consult: null, pop: null } });
  const [one, two] = [rings("c-1"), rings("c-2")];
  await settled();
  expect([one.answered, two.answered]).toEqual([0, 0]);
});

test("accepting twice answers once, and nothing that rings later", async () => {
  const mine = await talks("c-1");
  phone.answerRinging("c-1");
  mine.says("ended");
  const again = rings("c-1");
  await settled();
  expect(again.answered).toBe(0);
});

test("an offer that was accepted elsewhere is picked up here, where the phone is", async () => {
  const rang = rings("c-1");
  offerEnds("accepted");
  await settled();
  expect(rang.answered).toBe(1);
});

test("it is picked up too where the phone rings after the acceptance", async () => {
  offerEnds("accepted");
  const rang = rings("c-1");
  await settled();
  expect(rang.answered).toBe(1);
});

test("a colleague's accepted offer picks nothing up", async () => {
  const rang = rings("c-1");
  says("offer.ended", { offer: { ...OFFER, agent: "felix", state: "accepted" } });
  await settled();
  expect(rang.answered).toBe(0);
});

test("a phone that rings without a pending offer can be answered; an offer is answered where it stands", async () => {
  snapshot({ offers: [OFFER] });
  const rang = rings("c-1");
  const panel = shown();
  expect(panel.buttons()).not.toContain("Answer");
  snapshot();
  await settled();
  const answer = [...panel.root.querySelectorAll("button")].find((each) => each.textContent === "Answer");
  answer?.click();
  await settled();
  expect(rang.answered).toBe(1);
});

test("a colleague who called directly can be hung up on while there are calls", async () => {
  await talks("direct", null);
  snapshot({ calls: [{ id: "c-1", agent: "erika", state: "talking", consult: null, pop: null }] });
  await talks("c-1");
  expect(
    shown()
      .buttons()
      .filter((each) => each === "Hang up"),
  ).toHaveLength(1);
});

// ---------------------------------------------------------------- mute

test("mute ends with the last call", async () => {
  const [one, two] = [await talks("c-1"), await talks("c-2")];
  phone.mute(true);
  one.says("ended");
  expect(phone.muted.value).toBe(true);
  two.says("ended");
  expect(phone.muted.value).toBe(false);
  expect((await talks("c-3")).sender.track?.enabled).toBe(true);
});

test("mute stays where the call's phone only rings again", async () => {
  const broken = await talks("c-1");
  phone.mute(true);
  broken.says("failed", { cause: "Connection Error" });
  expect((await talks("c-1")).sender.track?.enabled).toBe(false);
  phone.expect("c-1");
  hangUpAll();
  expect(phone.muted.value).toBe(true);
  (await talks("c-1")).says("ended");
  expect(phone.muted.value).toBe(false);
});

// ---------------------------------------------------------------- microphones

const live = () => opened.filter(({ track }) => track.readyState === "live");
const own = () => (phone.ownStream.value as unknown as { track: Track } | null)?.track;

function unplug(): void {
  const track = own();
  if (track) track.readyState = "ended";
  track?.dispatchEvent(new Event("ended"));
  media.dispatchEvent(new Event("devicechange"));
  media.dispatchEvent(new Event("devicechange"));
}

test("a headset that is changed leaves one microphone open, which is the one that is heard; and none after the call", async () => {
  const one = await talks("c-1");
  unplug();
  await settled(60);
  expect(live().map(({ track }) => track)).toEqual([own()]);
  expect(one.sender.track).toBe(own());
  one.says("ended");
  await settled();
  expect(live()).toEqual([]);
});

test("muting mutes what is sent, however slowly the browser gives another microphone", async () => {
  const one = await talks("c-1");
  gates = [];
  unplug();
  phone.mute(true);
  for (let turn = 0; turn < 4; turn++) {
    await settled();
    gates.splice(0).forEach((wake) => wake());
  }
  await settled();
  expect(one.sender.track).toBe(own());
  expect(one.sender.track?.enabled).toBe(false);
  expect(one.sender.track?.readyState).toBe("live");
});

test("a microphone that comes when the call is over is closed at once", async () => {
  const one = await talks("c-1");
  gates = [];
  unplug();
  await settled();
  one.says("ended");
  const two = rings("c-2");
  phone.answerRinging("c-2");
  await settled();
  gates.splice(0).forEach((wake) => wake());
  gates = null;
  await settled(40);
  two.says("confirmed");
  await settled();
  expect(live().map(({ track }) => track)).toEqual([own()]);
  expect(two.sender.track).toBe(own());
});

// ---------------------------------------------------------------- starting

test("an agent whose phone stands on the desk is asked nothing of", async () => {
  end("loggedOut");
  model.clear();
  asked.length = 0;
  login();
  snapshot({ me: { id: "erika", capabilities: { webphone: false } } });
  await settled();
  expect(phone.hasPhone.value).toBe(false);
  expect(asked).toEqual([]);
});

test("a page with an insecure address says so, and its phone is there all the same", async () => {
  end("loggedOut");
  const before = lines.length;
  Object.defineProperty(navigator, "mediaDevices", { value: undefined, configurable: true });
  login();
  snapshot();
  await settled(30);
  expect(lines).toHaveLength(before + 1);
  expect(shown().root.textContent).toContain("only to pages with a secure address");
  Object.defineProperty(navigator, "mediaDevices", { value: media, configurable: true });
});

test("a phone that cannot be loaded says so, and asks for no password", async () => {
  vi.resetModules();
  vi.doMock("./line", () => {
    throw new Error("gone");
  });
  asked.length = 0;
  const other = await import("./phone");
  const { begin: logIn } = await import("../../api/session");
  const store = await import("../../model/store");
  const panel = await import("./PhonePanel");
  other.keepPhone();
  logIn({ token: "t", agent: "erika", supervisor: false, expires_in: 600 } as Parameters<typeof begin>[0]);
  const me = { id: "erika", capabilities: { webphone: true } };
  const rest = { calls: [], offers: [], transfers: [], scopes: [], directory: { agents: [], groups: [] } };
  const snapshot = [{ id: "1-1", type: "snapshot", data: { me, at: "2026-01-01T00:00:00Z", ...rest } }];
  store.model.take(snapshot as unknown as Parameters<typeof model.take>[0]);
  await settled(50);
  expect(other.phoneState.value).toBe("failed");
  expect(shown(<panel.PhonePanel />).buttons()).toContain("Reload the page");
  expect(asked).toEqual([]);
});
