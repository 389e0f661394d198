import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** The PBX: who is registered, and what it says to a REGISTER. */
const pbx = vi.hoisted(() => ({ contact: "", status: 200, registered: 0 }));
interface Response {
  status_code: number;
  getHeaders: () => string[];
}

vi.mock("jssip", () => ({
  UA: class {
    readonly configuration = { uri: "u", registrar_server: "r" };
    private readonly handlers = new Map<string, (event?: object) => void>();
    constructor(readonly given: { contact_uri: string }) {}
    on(name: string, handler: (event?: object) => void) {
      this.handlers.set(name, handler);
    }
    start() {
      this.handlers.get("connected")?.();
    }
    stop() {}
    registrator() {
      return { register: () => this.register(), onTransportClosed: () => undefined };
    }
    private register() {
      pbx.registered += 1;
      if (pbx.status >= 300) {
        this.handlers.get("registrationFailed")?.({ response: { status_code: pbx.status } });
        return;
      }
      pbx.contact = this.given.contact_uri;
      this.handlers.get("registered")?.();
    }
  },
}));
vi.mock("jssip/lib/RequestSender", () => ({
  default: class {
    constructor(
      _ua: object,
      _request: object,
      readonly handlers: { onReceiveResponse: (response: Response) => void },
    ) {}
    send() {
      const getHeaders = () => (pbx.contact === "" ? [] : [`<${pbx.contact}>`]);
      this.handlers.onReceiveResponse({ status_code: pbx.status, getHeaders });
    }
  },
}));
vi.mock("jssip/lib/SIPMessage", () => ({ OutgoingRequest: class {} }));
vi.mock("./socket", () => ({
  PbxSocket: class {
    isConnected() {
      return true;
    }
    drop() {}
  },
}));

const { Line } = await import("./line");
const SETTINGS = { url: "wss://x/ws", uri: "sip:erika@x", username: "erika", password: "p", displayName: "" };

function open(contact: string) {
  const states: string[] = [];
  const events = { registration: (now: { state: string }) => void states.push(now.state), connected() {}, rings() {} };
  const line = new Line(SETTINGS, contact, events);
  lines.push(line);
  line.start();
  return { line, state: () => states.at(-1) };
}

let lines: InstanceType<typeof Line>[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(pbx, { contact: "", status: 200, registered: 0 });
});

afterEach(() => {
  for (const line of lines) line.stop();
  lines = [];
  vi.useRealTimers();
});

test.each([403, 503])(
  "a page that got %i leaves the phone to another page that was opened meanwhile",
  async (status) => {
    pbx.status = status;
    const before = open("page-1");
    pbx.status = 200;
    before.line.yield();
    const after = open("page-2");
    await vi.advanceTimersByTimeAsync(65_000);
    expect(pbx.contact).toContain("page-2");
    expect([before.state(), after.state()]).toEqual(["elsewhere", "registered"]);
  },
);

test.each([403, 503])(
  "a registered page that then gets %i asks who has the phone before it tries again",
  async (status) => {
    const page = open("page-1");
    pbx.status = status;
    await vi.advanceTimersByTimeAsync(21_000);
    expect(page.state()).not.toBe("registered");
    // On another computer, of which this page hears nothing.
    Object.assign(pbx, { status: 200, contact: "sip:page-2@callbridge.invalid;transport=ws" });
    await vi.advanceTimersByTimeAsync(35_000);
    expect(pbx.contact).toContain("page-2");
    expect(page.state()).toBe("elsewhere");
  },
);

test.each([403, 503])("a page that got %i registers once the PBX lets it", async (status) => {
  pbx.status = status;
  const page = open("page-1");
  await vi.advanceTimersByTimeAsync(40_000);
  pbx.status = 200;
  await vi.advanceTimersByTimeAsync(35_000);
  expect(page.state()).toBe("registered");
});
