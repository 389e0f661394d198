import { beforeEach, describe, expect, it, vi } from "vitest";
import { begin, session } from "./session";
import { isNewer, Stream } from "./stream";
import type { StreamEvent } from "./types";

class Socket {
  static all: Socket[] = [];
  static get last(): Socket {
    return Socket.all.at(-1) as Socket;
  }
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number }) => {};
  closed = false;
  constructor(
    readonly url: URL,
    readonly protocols: string[],
  ) {
    Socket.all.push(this);
  }
  close() {
    this.closed = true;
  }
  says(id: string, type: string) {
    this.onmessage({ data: JSON.stringify({ id, type, data: {} }) });
  }
}

const SESSION = {
  token: "t.1.x",
  token_type: "Bearer" as const,
  agent: "anna",
  supervisor: false,
  expires_at: null,
  expires_in: 900,
};
const PAUSES = 20_000;

describe("the stream", () => {
  let taken: StreamEvent[][];
  let stream: Stream;

  beforeEach(() => {
    vi.useFakeTimers();
    Socket.all = [];
    vi.stubGlobal("WebSocket", Socket);
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response("{}")),
    );
    begin(SESSION);
    taken = [];
    stream = new Stream({ take: (events) => taken.push([...events]) });
    stream.start();
    return () => {
      stream.stop();
      vi.useRealTimers();
    };
  });

  const live = () => {
    Socket.last.onopen();
    Socket.last.says("e-5", "snapshot");
    vi.advanceTimersByTime(200);
  };

  it("gives the token as a subprotocol, never in the address", () => {
    expect(Socket.last.protocols).toEqual(["callbridge.v1", "bearer.t.1.x"]);
    expect(String(Socket.last.url)).not.toContain("t.1.x");
  });

  it("is live with the snapshot, and not before", () => {
    Socket.last.onopen();
    expect(stream.connection.value.state).toBe("connecting");
    live();
    expect(stream.connection.value.state).toBe("live");
  });

  it("gives all that came in one frame at once, in order, and nothing twice", () => {
    Socket.last.onopen();
    for (const [id, type] of [
      ["e-5", "snapshot"],
      ["e-6", "agent"],
      ["e-6", "agent"],
      ["e-8", "pop"],
    ] as const)
      Socket.last.says(id, type);
    expect(taken).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(taken.map((events) => events.map((event) => event.id))).toEqual([["e-5", "e-6", "e-8"]]);
  });

  it("comes back with the last id, and says since when it is lost", async () => {
    live();
    Socket.last.onclose({ code: 1006 });
    expect(stream.connection.value).toMatchObject({ state: "lost", since: Date.now() });
    await vi.advanceTimersByTimeAsync(PAUSES);
    expect(Socket.all.length).toBe(2);
    expect(Socket.last.url.searchParams.get("last_event_id")).toBe("e-5");
    Socket.last.onopen();
    expect(stream.connection.value.state).toBe("live");
  });

  it("takes a new gateway's snapshot though its numbers begin again", async () => {
    live();
    Socket.last.onclose({ code: 1001 });
    await vi.advanceTimersByTimeAsync(PAUSES);
    Socket.last.onopen();
    Socket.last.says("new-1", "snapshot");
    Socket.last.says("new-2", "agent");
    vi.advanceTimersByTime(200);
    expect(taken.at(-1)?.map((event) => event.id)).toEqual(["new-1", "new-2"]);
  });

  it("waits longer from time to time, at random, and eight seconds at most", async () => {
    for (let attempt = 0; attempt < 9; attempt++) {
      const before = Socket.all.length;
      Socket.last.onclose({ code: 1006 });
      const pause = Math.min(250 * 2 ** attempt, 8000);
      await vi.advanceTimersByTimeAsync(pause / 2 - 10);
      expect(Socket.all.length).toBe(before);
      await vi.advanceTimersByTimeAsync(pause / 2 + 20);
      expect(Socket.all.length).toBe(before + 1);
    }
  });

  it("goes on with the next token without a break where the old one is over", () => {
    live();
    begin({ ...SESSION, token: "t.2.x" });
    Socket.last.onclose({ code: 4401 });
    expect(stream.connection.value.state).toBe("live");
    expect(Socket.last.protocols[1]).toBe("bearer.t.2.x");
  });

  it("stops where the session is over", async () => {
    live();
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ code: "token_invalid" }), { status: 401 }));
    Socket.last.onclose({ code: 4401 });
    await vi.advanceTimersByTimeAsync(PAUSES);
    expect(session.value).toBeNull();
    expect(Socket.all.length).toBe(1);
  });

  it("leaves a connection that has died without a word", async () => {
    live();
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("network");
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(Socket.all[0]?.closed).toBe(true);
    expect(Socket.all.length).toBeGreaterThan(1);
  });

  it("tells ids of one gateway apart, and takes another's", () => {
    expect(isNewer("a-b-10", "a-b-9")).toBe(true);
    expect(isNewer("a-9", "a-9")).toBe(false);
    expect(isNewer("b-1", "a-9")).toBe(true);
    expect(isNewer("a-1", "")).toBe(true);
  });
});
