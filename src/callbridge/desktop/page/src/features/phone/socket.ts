/** The WebSocket to the PBX, as JsSIP wants one; it gives up connecting in time, and can be dropped when it is dead. */
import type { Socket } from "jssip";

const CONNECTING = 8000;

export class PbxSocket implements Socket {
  readonly url: string;
  readonly sip_uri: string;
  via_transport: string;
  private socket: WebSocket | null = null;

  constructor(url: string) {
    const parts = new URL(url);
    this.url = url;
    this.via_transport = parts.protocol === "wss:" ? "WSS" : "WS";
    this.sip_uri = `sip:${parts.host};transport=ws`;
  }

  connect(): void {
    this.disconnect();
    const socket = new WebSocket(this.url, "sip");
    this.socket = socket;
    const limit = setTimeout(() => this.drop(socket), CONNECTING);
    socket.onopen = () => {
      clearTimeout(limit);
      this.onconnect();
    };
    socket.onmessage = (message) => this.ondata(message.data);
    socket.onclose = (close) => {
      clearTimeout(limit);
      if (this.socket !== socket) return;
      this.socket = null;
      this.ondisconnect(!close.wasClean, close.code, close.reason);
    };
  }

  disconnect(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** As if the connection had broken: one that says nothing any more does not break by itself for minutes. */
  drop(socket = this.socket): void {
    if (socket === null || socket !== this.socket) return;
    this.disconnect();
    this.ondisconnect(true, 1006, "dropped");
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (!this.isConnected()) return false;
    this.socket?.send(message as string);
    return true;
  }

  isConnected(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.socket?.readyState === WebSocket.CONNECTING;
  }

  // JsSIP puts its own functions here.
  onconnect(): void {}
  ondisconnect(_error: boolean, _code?: number, _reason?: string): void {}
  ondata<T>(_event: T): void {}
}
