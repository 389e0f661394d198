/** One call of the page's phone, from its ringing to its end. What the conversation is, the gateway says. */
import { type Signal, signal } from "@preact/signals";
import type { RTCSession } from "jssip/lib/RTCSession";
import { play, sendTo } from "./audio";

export type LegState = "ringing" | "answering" | "up" | "ended";

/** From the first way out that was found until the answer goes without the others (ms). */
const GATHERING = 300;
const GATHERING_BY_SERVERS = 1500;

export class Leg {
  readonly state: Signal<LegState> = signal("ringing");
  /** What is heard; null before there is something. */
  readonly remote: Signal<MediaStream | null> = signal(null);
  /** The gateway's id of the call; null where the PBX did not say it: a colleague calls, say. */
  readonly call: string | null;
  readonly name: string;
  readonly number: string;
  /** The connection to the PBX by which it came: the PBX reaches it by no other. */
  readonly connection: number;
  /** It has ended because the connection to the PBX broke, and not because anybody hung up. */
  broken = false;
  private readonly session: RTCSession;
  private readonly sound = document.createElement("audio");
  private stopSound: () => void = () => undefined;

  constructor(session: RTCSession, call: string | null, connection: number, changed: (leg: Leg) => void) {
    this.session = session;
    this.call = call;
    this.connection = connection;
    this.name = session.remote_identity.display_name ?? "";
    this.number = String((session.remote_identity.uri as { user?: string | null }).user ?? "");
    this.sound.dataset["part"] = "call";
    const become = (state: LegState) => {
      if (this.state.value === "ended") return;
      this.state.value = state;
      if (state === "ended") {
        this.stopSound();
        this.sound.remove();
      }
      changed(this);
    };
    session.on("confirmed", () => become("up"));
    session.on("ended", () => become("ended"));
    session.on("failed", ({ cause }) => {
      this.broken = cause === "Connection Error";
      become("ended");
    });
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", ({ streams, track }) =>
        this.hear(streams[0] ?? new MediaStream([track])),
      );
    });
    // JsSIP hangs up where the way of the sound is gone for some time. That would end the call for the caller; left
    // alone, the PBX notices, and the caller goes on.
    const terminate = session.terminate.bind(session);
    session.terminate = (options) => {
      if (options?.cause === "RTP Timeout") changed(this);
      else terminate(options);
    };
  }

  get id(): string {
    return this.session.id;
  }

  /** The way of the sound is gone, though nobody hung up. */
  get cut(): boolean {
    return this.session.connection?.iceConnectionState === "failed";
  }

  answer(stream: MediaStream, iceServers: RTCIceServer[], device: string): void {
    if (this.state.peek() === "ended") return;
    void sendTo(this.sound, device);
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.session.on("icecandidate", ({ ready }) => {
      // A server that does not answer would keep the caller waiting for many seconds.
      timer ??= setTimeout(ready, iceServers.length > 0 ? GATHERING_BY_SERVERS : GATHERING);
    });
    this.session.answer({ mediaStream: stream, pcConfig: { iceServers } });
    this.state.value = "answering";
  }

  decline(): void {
    this.end({ status_code: 486, reason_phrase: "Busy Here" });
  }

  hangUp(): void {
    this.end({});
  }

  /** One key for this many milliseconds; several follow one another. */
  press(tones: string, milliseconds: number): void {
    const sender = this.session.connection?.getSenders().find((each) => each.dtmf)?.dtmf;
    sender?.insertDTMF(sender.toneBuffer + tones, milliseconds);
  }

  /** Another microphone, without anybody noticing. */
  async replace(track: MediaStreamTrack): Promise<void> {
    const senders = this.session.connection?.getSenders() ?? [];
    await senders[0]?.replaceTrack(track).catch(() => undefined);
  }

  hearWith(device: string): void {
    void sendTo(this.sound, device);
  }

  private hear(stream: MediaStream): void {
    this.sound.srcObject = stream;
    document.body.append(this.sound);
    this.stopSound = play(this.sound);
    this.remote.value = stream;
  }

  private end(options: { status_code?: number; reason_phrase?: string }): void {
    try {
      this.session.terminate(options);
    } catch {
      // It has ended already.
    }
  }
}
