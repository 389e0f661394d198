/** Follows /v1/ws: snapshot, then changes; comes back by itself with the last id, and never shows old for new. */
import { type Signal, signal } from "@preact/signals";
import type { View } from "../model/world";
import { api, renew } from "./client";
import { session } from "./session";
import type { StreamEvent } from "./types";

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  /** `since`: ms of this computer's clock. What is shown may be old. */
  | { state: "lost"; since: number };

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8000;
/** A connection that has said nothing for so long is looked after. */
const SILENCE = 20_000;
const LOOK = 5000;
const PROBE = 4000;
const TOKEN_OVER = 4401;
/** Frames are not drawn in a hidden tab, but an offer has to ring there too. */
const LATEST_DRAW = 100;

interface Options {
  view?: View;
  /** Gets all that came since the last frame, in order. */
  take: (events: readonly StreamEvent[]) => void;
  connection?: Signal<Connection>;
}

/** The desk's connection. */
export const connection = signal<Connection>({ state: "connecting" });

export class Stream {
  readonly connection: Signal<Connection>;
  private readonly view: View;
  private readonly take: Options["take"];
  private socket: WebSocket | null = null;
  private tokenUsed = "";
  private lastId = "";
  private failures = 0;
  private heardAt = 0;
  private queue: StreamEvent[] = [];
  private draw: (() => void) | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private stopped = true;

  constructor({ view = "mine", take, connection: shown }: Options) {
    this.view = view;
    this.take = take;
    this.connection = shown ?? signal<Connection>({ state: "connecting" });
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.lastId = "";
    this.failures = 0;
    this.connection.value = { state: "connecting" };
    window.addEventListener("online", this.hurry);
    window.addEventListener("offline", this.look);
    document.addEventListener("visibilitychange", this.hurry);
    this.watch = setInterval(this.look, LOOK);
    this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    clearInterval(this.watch);
    window.removeEventListener("online", this.hurry);
    window.removeEventListener("offline", this.look);
    document.removeEventListener("visibilitychange", this.hurry);
    this.queue = [];
    this.draw?.();
    this.draw = null;
    this.drop();
  }

  private open(): void {
    const token = session.value?.token;
    if (this.stopped || token === undefined) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.drop();
    this.tokenUsed = token;
    this.heardAt = Date.now();
    const query = new URLSearchParams();
    if (this.view === "all") query.set("view", "all");
    if (this.lastId) query.set("last_event_id", this.lastId);
    const address = new URL("/v1/ws", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = query.toString();
    const socket = new WebSocket(address, ["callbridge.v1", `bearer.${token}`]);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.heardAt = Date.now();
      // A client that resumes may hear nothing for a while; one that does not gets its snapshot at once.
      if (this.lastId) this.isLive();
    };
    socket.onmessage = (message) => this.heard(String(message.data));
    socket.onclose = (close) => {
      if (this.socket === socket) void this.closed(close.code, opened);
    };
  }

  private heard(text: string): void {
    const event = JSON.parse(text) as StreamEvent;
    this.heardAt = Date.now();
    if (event.type !== "snapshot" && !isNewer(event.id, this.lastId)) return;
    this.lastId = event.id;
    this.isLive();
    this.queue.push(event);
    this.draw ??= soon(() => {
      this.draw = null;
      const events = this.queue;
      this.queue = [];
      this.take(events);
    });
  }

  private isLive(): void {
    this.failures = 0;
    if (this.connection.value.state !== "live") this.connection.value = { state: "live" };
  }

  /** `since`: until then there were signs of life. */
  private async closed(code: number, opened: boolean, since = Date.now()): Promise<void> {
    this.socket = null;
    if (this.stopped) return;
    // A stream ends with the token that it was opened with; the next token has been got long before.
    const renewed = session.value !== null && session.value.token !== this.tokenUsed;
    if (code === TOKEN_OVER && renewed) return this.open();
    if (this.connection.value.state === "live") this.connection.value = { state: "lost", since };
    if (code === TOKEN_OVER) await renew().catch(() => undefined);
    // A refused handshake does not say why; a request does, and ends the session where the token is the reason.
    else if (!opened) await api.get("/v1/me").catch(() => undefined);
    if (this.stopped || session.value === null) return;
    const longest = Math.min(FIRST_PAUSE * 2 ** this.failures, LONGEST_PAUSE);
    this.failures += 1;
    // At random, so that all pages of a site do not come back in the same moment.
    this.retry = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }

  private readonly hurry = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.socket === null && this.retry !== undefined) this.open();
    else void this.look();
  };

  /** A dead network says nothing: whoever has been silent for long is asked, and left where no answer comes. */
  private readonly look = async (): Promise<void> => {
    const socket = this.socket;
    if (socket === null || Date.now() - this.heardAt < SILENCE) return;
    const heardAt = this.heardAt;
    this.heardAt = Date.now();
    try {
      await fetch("/healthz", { signal: AbortSignal.timeout(PROBE), cache: "no-store" });
    } catch {
      if (this.socket !== socket) return;
      this.drop();
      void this.closed(1006, true, heardAt);
    }
  };

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }
}

/** Ids are `<epoch>-<seq>`; another epoch is another gateway process, whose first event is a snapshot. */
export function isNewer(id: string, last: string): boolean {
  const [epoch, seq] = split(id);
  const [lastEpoch, lastSeq] = split(last);
  return epoch !== lastEpoch || seq > lastSeq;
}

function split(id: string): [string, number] {
  const at = id.lastIndexOf("-");
  return [id.slice(0, at), Number(id.slice(at + 1))];
}

/** Calls with the next frame, and soon where none is drawn. Gives back how to call it off. */
function soon(run: () => void): () => void {
  let frame = 0;
  const once = () => {
    cancel();
    run();
  };
  const timer = setTimeout(once, document.visibilityState === "hidden" ? 0 : LATEST_DRAW);
  if (document.visibilityState !== "hidden") frame = requestAnimationFrame(once);
  const cancel = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
  return cancel;
}
