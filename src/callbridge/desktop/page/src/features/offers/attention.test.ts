import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Offer, Snapshot, StreamEvent } from "../../api/types";
import { model } from "../../model/store";
import { language } from "../../texts/t";
import { notifying, setNotifying, startAttention } from "./attention";

const OFFER = {
  id: "o-1",
  call: "c-1",
  agent: "anna",
  kind: "group",
  state: "pending",
  deadline: "2027-01-15T08:00:20Z",
  preview: { caller_name: "Max\r\nMustermann", caller_number: "", group: { id: "support", name: "Support" } },
} as unknown as Offer;

const snapshot = (offers: Offer[]): StreamEvent => ({
  id: "e-1",
  type: "snapshot",
  data: {
    at: null,
    me: { id: "anna", name: "Anna" },
    scopes: [],
    calls: [],
    offers,
    transfers: [],
    directory: { agents: [], groups: [] },
  } as unknown as Snapshot,
});

class FakeNotification {
  static shown: FakeNotification[] = [];
  static answer = "granted";
  static requestPermission = async () => FakeNotification.answer;
  closed = false;
  onclick: (() => void) | null = null;
  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    FakeNotification.shown.push(this);
  }
  close() {
    this.closed = true;
  }
}

describe("an offer outside of the page", () => {
  let stop = () => {};

  beforeEach(() => {
    language.value = "en";
    vi.useFakeTimers();
    vi.stubGlobal("Notification", FakeNotification);
    Object.defineProperty(window, "isSecureContext", { value: true, configurable: true });
    FakeNotification.shown = [];
    FakeNotification.answer = "granted";
    document.title = "callbridge";
    stop = startAttention();
  });

  afterEach(() => {
    stop();
    model.clear();
    notifying.value = false;
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("flashes in the title until it is over", () => {
    model.take([snapshot([OFFER])]);
    expect(document.title).toBe("☎ Incoming call");
    vi.advanceTimersByTime(1000);
    expect(document.title).toBe("callbridge");
    vi.advanceTimersByTime(1000);
    expect(document.title).toBe("☎ Incoming call");
    model.take([snapshot([])]);
    expect(document.title).toBe("callbridge");
    vi.advanceTimersByTime(5000);
    expect(document.title).toBe("callbridge");
  });

  it("is notified of where the agent wants that and does not look, once, and only while it lasts", async () => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    model.take([snapshot([OFFER])]);
    expect(FakeNotification.shown).toEqual([]);
    model.take([snapshot([])]);

    expect(await setNotifying(true)).toBe(true);
    model.take([snapshot([OFFER])]);
    model.take([snapshot([OFFER])]);
    expect(FakeNotification.shown.map(({ title, options }) => [title, options.body])).toEqual([
      ["Incoming call", "Max Mustermann · Support"],
    ]);
    model.take([snapshot([])]);
    expect(FakeNotification.shown[0]?.closed).toBe(true);
  });

  it("is not notified of where the browser forbids it", async () => {
    FakeNotification.answer = "denied";
    expect(await setNotifying(true)).toBe(false);
    expect(notifying.value).toBe(false);
    expect(await setNotifying(false)).toBe(true);
  });
});
