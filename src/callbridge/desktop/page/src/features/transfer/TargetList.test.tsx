import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, test, vi } from "vitest";
import type { Directory } from "../../api/types";

const get = vi.hoisted(() => vi.fn());
vi.mock("../../api/client", () => ({ api: { get }, newKey: () => "k" }));
const { TargetList } = await import("./TargetList");
const { directory } = await import("../../model/directory");

const agents = (...names: string[]) =>
  names.map((name) => ({ id: name.toLowerCase(), name, state: "available", since: null, reason: null }));
const group = (id: string, name: string, ...names: string[]) => ({
  id,
  name,
  available: 1,
  waiting: 0,
  expected_wait: null,
  agents: agents(...names),
});
const preset = { id: "plumber", name: "Plumber", number: "+49", shown: "+49", group: { id: "g", name: "House" } };
const loaded = {
  my_agent_groups: [group("support", "Support", "Anna", "Bernd", "Carla")],
  agent_groups: [group("sales", "Sales", "Carla", "Dora")],
  external_presets: [{ ...preset, supervised_allowed: true, supervised_refusal: null }],
  truncated: false,
} as unknown as Directory;

const WAIT = { timeout: 10_000 };
vi.setConfig({ testTimeout: 30_000 });
const root = document.createElement("div");
const query = signal("");
const chosen = signal<string | null>(null);
const field = () => root.querySelector("input") as HTMLInputElement;
const marked = () => root.querySelector(`[id="${field().getAttribute("aria-activedescendant")}"]`);

async function typed(text: string): Promise<void> {
  await act(() => {
    field().value = text;
    field().dispatchEvent(new Event("input", { bubbles: true }));
  });
}

async function pressed(key: string): Promise<void> {
  await act(() => {
    field().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  });
}

beforeEach(async () => {
  render(null, root);
  document.body.append(root);
  query.value = "";
  chosen.value = null;
  directory.value = loaded;
  get.mockReset();
  await act(() =>
    render(
      <TargetList
        query={query}
        chosen={chosen}
        onChoose={(_, row) => {
          chosen.value = row;
        }}
        onNumber={null}
        onGo={() => undefined}
        inputRef={() => undefined}
      />,
      root,
    ),
  );
});

test("an agent's name and Enter takes the agent, who is marked and announced before", async () => {
  await typed("carla");
  expect(marked()?.textContent).toContain("Carla");
  expect(marked()?.className).toMatch(/rowMarked/);
  await pressed("Enter");
  expect(chosen.value).toBe("support/carla");
});

test.each([
  ["plum", "preset/plumber"],
  ["sales", "sales"],
  ["dor", "sales/dora"],
])("%s and Enter takes %s", async (text, row) => {
  await typed(text);
  await pressed("Enter");
  expect(chosen.value).toBe(row);
});

test("arrow keys go on from the marked row", async () => {
  await typed("carla");
  await pressed("ArrowDown");
  expect(marked()?.getAttribute("data-row")).toBe("sales");
  await pressed("ArrowUp");
  await pressed("ArrowUp");
  await pressed("Enter");
  expect(chosen.value).toBe("support");
});

test("nothing is marked where nothing is typed, and Enter does nothing then", async () => {
  expect(marked()).toBeNull();
  await pressed("Enter");
  await typed("carla");
  await typed("");
  await pressed("Enter");
  expect([marked(), chosen.value]).toEqual([null, null]);
});

test("a row far down is made to be marked", async () => {
  const many = Array.from({ length: 80 }, (_, n) => group(`g${n}`, `Team ${n}`, `Zed${n}`, "Ada"));
  directory.value = { ...loaded, my_agent_groups: [...many, group("zed", "Zed")] } as unknown as Directory;
  await typed("zed");
  expect(marked()?.getAttribute("data-row")).toBe("zed");
});

test("Enter that is pressed before the gateway has answered takes what it answers", async () => {
  directory.value = { ...loaded, truncated: true };
  let answer: (found: unknown) => void = () => undefined;
  get.mockReturnValue(new Promise((done) => (answer = done)));
  await typed("carl");
  await pressed("Enter");
  expect(chosen.value).toBeNull();
  await vi.waitFor(() => expect(get).toHaveBeenCalled(), WAIT);
  await act(async () => {
    answer({ ...loaded, my_agent_groups: [], agent_groups: [group("night", "Night", "Carl")], external_presets: [] });
    await Promise.resolve();
  });
  await vi.waitFor(() => expect(chosen.value).toBe("night/carl"), WAIT);
});
