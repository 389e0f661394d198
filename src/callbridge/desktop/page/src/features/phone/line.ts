/**
 * The line to the PBX: it registers, comes back by itself, and hands over who calls.
 *
 * One page at a time has an agent's phone, the one that was opened last. The PBX tells nobody when another one takes it,
 * so the page asks the PBX who has it, every few seconds and before it registers anew. The same question shows whether
 * the connection still lives.
 */
import { UA } from "jssip";
import RequestSender from "jssip/lib/RequestSender";
import { type IncomingResponse, OutgoingRequest } from "jssip/lib/SIPMessage";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { RTCSessionEvent } from "jssip/lib/UA";
import { PbxSocket } from "./socket";

export interface LineSettings {
  url: string;
  uri: string;
  username: string;
  password: string;
  displayName: string;
}

export type Registration =
  | { state: "off" }
  | { state: "registering" }
  | { state: "registered" }
  /** Trying again by itself. `since`: ms of this computer's clock. */
  | { state: "lost"; since: number }
  /** The PBX knows no such phone or another password; asked again now and then, since that may be mended. */
  | { state: "refused"; status: number }
  /** Another page has the phone. */
  | { state: "elsewhere" };

export interface LineEvents {
  registration: (now: Registration) => void;
  /** A new WebSocket: the PBX reaches nothing any more that came by the last one. */
  connected: () => void;
  rings: (session: RTCSession, call: string | null) => void;
}

/** In every INVITE of callbridge to a phone in a page: the gateway's id of the call. */
const CALL_HEADER = "X-Callbridge-Call";
const EXPIRES = 120;
const ASK_EVERY = 20_000;
const ANSWER = 6000;
const AGAIN = 4000;
const REFUSED_AGAIN = 30_000;
const REFUSED = new Set([401, 403, 404, 407]);

type Holder = "me" | "nobody" | "other" | "no answer";

export class Line {
  private readonly ua: UA;
  private readonly socket: PbxSocket;
  private readonly events: LineEvents;
  /** By this the PBX's list of contacts tells this page from another one; the same after a reload. */
  private readonly contact: string;
  private state: Registration = { state: "off" };
  private asking: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private takesOver = true;
  private stopped = false;
  private sequence = 0;

  constructor(settings: LineSettings, contact: string, events: LineEvents) {
    this.events = events;
    this.contact = contact;
    this.socket = new PbxSocket(settings.url);
    this.ua = new UA({
      sockets: [this.socket],
      uri: settings.uri,
      authorization_user: settings.username,
      password: settings.password,
      display_name: settings.displayName,
      contact_uri: `sip:${contact}@callbridge.invalid;transport=ws`,
      // Registered by hand, see above.
      register: false,
      register_expires: EXPIRES,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      session_timers: false,
      // How long a phone rings is the gateway's business.
      no_answer_timeout: 600,
    });
  }

  start(): void {
    const { ua } = this;
    ua.on("connected", () => void this.connected());
    ua.on("disconnected", () => this.disconnected());
    ua.on("registered", () => {
      this.takesOver = false;
      this.now({ state: "registered" });
    });
    ua.on("registrationFailed", ({ response }) => this.failed(response as IncomingResponse | null));
    ua.on("registrationExpiring", () => void this.look(true));
    ua.on("newRTCSession", (event: RTCSessionEvent) => {
      if (String(event.originator) !== "remote") return;
      this.events.rings(event.session, event.request.getHeader(CALL_HEADER) ?? null);
    });
    this.now({ state: "registering" });
    this.asking = setInterval(() => void this.look(), ASK_EVERY);
    window.addEventListener("online", this.checked);
    document.addEventListener("visibilitychange", this.seen);
    ua.start();
  }

  /** Says goodbye to the PBX, and hangs up. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.asking);
    clearTimeout(this.retry);
    window.removeEventListener("online", this.checked);
    document.removeEventListener("visibilitychange", this.seen);
    this.ua.stop();
    this.now({ state: "off" });
  }

  /** Takes the phone from whichever page has it. */
  takeOver(): void {
    this.takesOver = true;
    this.now({ state: "registering" });
    this.register();
  }

  /** Another page of this browser says that it has the phone now. */
  yield(): void {
    if (this.stopped) return;
    this.takesOver = false;
    this.isElsewhere();
  }

  private now(state: Registration): void {
    if (this.stopped && state.state !== "off") return;
    this.state = state;
    this.events.registration(state);
  }

  private async connected(): Promise<void> {
    this.events.connected();
    if (this.takesOver) this.register();
    else await this.look();
  }

  private disconnected(): void {
    clearTimeout(this.retry);
    if (this.stopped || this.state.state === "elsewhere" || this.state.state === "lost") return;
    this.now({ state: "lost", since: Date.now() });
  }

  private failed(response: IncomingResponse | null): void {
    if (this.stopped) return;
    const status = response?.status_code ?? 0;
    const refused = REFUSED.has(status);
    if (refused) this.now({ state: "refused", status });
    else if (this.state.state !== "lost") this.now({ state: "lost", since: Date.now() });
    clearTimeout(this.retry);
    // Meanwhile another page may have got it.
    const again = () => (this.takesOver ? this.register() : void this.look(true));
    this.retry = setTimeout(again, refused ? REFUSED_AGAIN : AGAIN);
  }

  private register(): void {
    if (!this.stopped && this.socket.isConnected()) this.registrator.register();
  }

  /** JsSIP would tell of a registration only where it believes that there is none. */
  private get registrator(): { register(): void; onTransportClosed(): void } {
    return this.ua.registrator() as unknown as { register(): void; onTransportClosed(): void };
  }

  private readonly seen = (): void => {
    if (document.visibilityState === "visible") void this.look();
  };

  private readonly checked = (): void => void this.look();

  /** Is the connection alive, and is the phone still ours? Then it is registered where it is not, or not for long. */
  private async look(anyway = false): Promise<void> {
    if (this.stopped || !this.socket.isConnected()) return;
    if (this.state.state === "refused" && !anyway) return;
    const holder = await this.holder();
    if (this.stopped || this.takesOver) return;
    if (holder === "no answer") this.socket.drop();
    else if (holder === "other") this.isElsewhere();
    else if (holder === "nobody") {
      this.registrator.onTransportClosed();
      this.register();
    } else if (anyway || this.state.state !== "registered") this.register();
  }

  private isElsewhere(): void {
    clearTimeout(this.retry);
    if (this.state.state === "elsewhere") return;
    this.registrator.onTransportClosed();
    this.now({ state: "elsewhere" });
  }

  /** A REGISTER without contacts asks who is registered. */
  private holder(): Promise<Holder> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => resolve("no answer"), ANSWER);
      const done = (holder: Holder) => {
        clearTimeout(limit);
        resolve(holder);
      };
      const { uri, registrar_server: registrar } = (
        this.ua as unknown as { configuration: { uri: unknown; registrar_server: unknown } }
      ).configuration;
      const params = {
        to_uri: uri,
        call_id: `look-${this.contact}`,
        cseq: (this.sequence += 2),
        from_tag: this.contact,
      };
      const Request = OutgoingRequest as unknown as new (...given: unknown[]) => OutgoingRequest;
      new RequestSender(this.ua, new Request("REGISTER", registrar, this.ua, params, []), {
        onReceiveResponse: (response) => {
          if (response.status_code < 200) return;
          const contacts = response.getHeaders("contact");
          if (response.status_code >= 300 || contacts.length === 0) done("nobody");
          else done(contacts.some((each) => each.includes(`sip:${this.contact}@`)) ? "me" : "other");
        },
        onRequestTimeout: () => done("no answer"),
        onTransportError: () => done("no answer"),
      }).send();
    });
  }
}
