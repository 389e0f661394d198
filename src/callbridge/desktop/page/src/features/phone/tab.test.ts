import { beforeEach, expect, test, vi } from "vitest";

/** The browser's locks, as far as they are needed: `held` by other pages, each until it is let go. */
const waiting = new Map<string, () => void>();
let held = new Set<string>();
const locks = {
  request: (name: string, { signal }: { signal: AbortSignal }, then: () => void) =>
    new Promise<void>((_, reject) => {
      const get = () => {
        held.add(name);
        then();
      };
      if (!held.has(name)) return get();
      waiting.set(name, get);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    }),
};

// Each test has a page of its own.
async function open(remembers: string | null) {
  sessionStorage.clear();
  if (remembers !== null) sessionStorage.setItem("callbridge.phone.tab", remembers);
  vi.resetModules();
  return import("./tab");
}

beforeEach(() => {
  held = new Set();
  waiting.clear();
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
});

test("a tab gives itself a name and keeps it over a reload", async () => {
  const first = await open(null);
  const name = await first.tabName();
  held.clear();
  const again = await open(name);
  expect(await again.tabName()).toBe(name);
  expect(again.copied.value).toBe(false);
});

test("a duplicated tab takes a name of its own, and knows that it is a copy", async () => {
  held.add("callbridge.phone.page-1");
  const tab = await open("page-1");
  expect(await tab.tabName()).not.toBe("page-1");
  expect(tab.kept("tab")).toBe(await tab.tabName());
  expect(tab.copied.value).toBe(true);
});

test("a reloaded page waits for the one before it to let go of the name", async () => {
  held.add("callbridge.phone.page-1");
  const tab = await open("page-1");
  setTimeout(() => waiting.get("callbridge.phone.page-1")?.(), 50);
  expect(await tab.tabName()).toBe("page-1");
  expect(tab.copied.value).toBe(false);
});

test("a page with an insecure address has a name too", async () => {
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  const tab = await open(null);
  expect(await tab.tabName()).toMatch(/^page-[0-9a-f]{32}$/);
  vi.unstubAllGlobals();
});
