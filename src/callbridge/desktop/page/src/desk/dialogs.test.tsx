/** Every dialog of the page that asks something of the gateway, while that is away and once it is back. */
import type { ComponentChildren } from "preact";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Directory } from "../api/types";

const asked = vi.hoisted(() => ({ post: vi.fn(), put: vi.fn(), get: vi.fn(), logOut: vi.fn() }));
vi.mock("../api/client", () => ({ api: asked, logOut: asked.logOut, newKey: () => "k", renew: vi.fn() }));
const { connection } = await import("../api/stream");
const { session } = await import("../api/session");
const { directory } = await import("../model/directory");
const { model } = await import("../model/store");
const { now } = await import("../model/clock");
const { TransferScreen } = await import("../features/transfer/TransferScreen");
const { openTransfer, closeTransfer } = await import("../features/transfer/opened");
const { AgentDialog } = await import("../features/supervisor/AgentDialog");
const { leave, LeaveDialog } = await import("./leave");
const { MyState } = await import("./MyState");

const AT = "2027-01-15T08:00:00Z";
const CALL = {
  id: "c-1",
  transfer: null,
  agent: "anna",
  state: "talking",
  stage: null,
  consult: null,
  pop: null,
  parties: [],
  caller_name: "Max",
  caller_number: "",
};
const carla = { id: "carla", name: "Carla", state: "busy", since: AT, reason: null, calls: 0, phone: "idle" };
const sales = { id: "sales", name: "Sales", available: 1, waiting: 0, expected_wait: null, agents: [carla] };
const ANSWER = { allowed: true, code: null, reason: null, can_wait: false, eligible: [carla], others: [], waiting: 0 };
const row = { ...carla, groups: [], groupNames: "Sales", caller: null, callGroup: null, callSince: AT };

const WAIT = { timeout: 10_000 };
vi.setConfig({ testTimeout: 30_000 });
const root = document.createElement("div");
const dialog = () => root.querySelector("dialog") as HTMLDialogElement;
const button = (name: string) =>
  [...dialog().querySelectorAll("button")].find((each) => each.textContent === name) as HTMLButtonElement;
const clocks = () => [...dialog().querySelectorAll("[role=timer]")].map((each) => each.textContent);
const show = (children: ComponentChildren) => act(() => render(<>{children}</>, root));
const press = (name: string) => act(() => button(name).click());

async function transferTo(): Promise<void> {
  await show(<TransferScreen />);
  await act(() => openTransfer("c-1"));
  const field = dialog().querySelector("input") as HTMLInputElement;
  await act(() => {
    field.value = "carla";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await act(() => {
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  });
  await vi.waitFor(() => expect(button("Transfer").disabled).toBe(false), WAIT);
}

const DIALOGS: [name: string, action: string, ticks: boolean, open: () => Promise<void>][] = [
  ["the transfer screen", "Transfer", true, transferTo],
  [
    "its last look",
    "OK",
    true,
    async () => {
      await transferTo();
      await press("Transfer");
    },
  ],
  ["an agent's dialog: available", "Available", true, () => show(<AgentDialog row={row as never} onClose={vi.fn()} />)],
  ["an agent's dialog: busy", "Busy", true, () => show(<AgentDialog row={row as never} onClose={vi.fn()} />)],
  ["an agent's dialog: log out", "Log out", true, () => show(<AgentDialog row={row as never} onClose={vi.fn()} />)],
  [
    "logging out in a call",
    "Log out",
    false,
    async () => {
      await show(<LeaveDialog />);
      await act(() => leave());
    },
  ],
  [
    "a reason of one's own",
    "Set",
    false,
    async () => {
      await show(<MyState />);
      await act(() => (root.querySelector("[aria-haspopup]") as HTMLElement).click());
      const other = [...root.querySelectorAll<HTMLElement>("[role^=menuitem]")].find((item) =>
        item.textContent?.startsWith("Another"),
      );
      await act(() => other?.click());
      const field = dialog().querySelector("input") as HTMLInputElement;
      await act(() => {
        field.value = "dentist";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    },
  ],
];

const requests = () => [...asked.put.mock.calls, ...asked.logOut.mock.calls, ...transfers()].length;
const transfers = () => asked.post.mock.calls.filter(([path]) => !String(path).endsWith(":check"));

beforeEach(() => {
  document.body.append(root);
  asked.get.mockResolvedValue(null);
  asked.put.mockReset().mockResolvedValue(undefined);
  asked.logOut.mockReset().mockResolvedValue(undefined);
  asked.post
    .mockReset()
    .mockImplementation((path: string) => Promise.resolve(path.endsWith(":check") ? ANSWER : undefined));
  asked.get.mockImplementation(() => Promise.resolve(directory.peek()));
  session.value = { token: "t", agent: "anna", supervisor: true, endsAt: Date.now() + 3_600_000, gotAt: Date.now() };
  connection.value = { state: "live" };
  directory.value = {
    my_agent_groups: [sales],
    agent_groups: [],
    external_presets: [],
    truncated: false,
  } as unknown as Directory;
  const me = {
    id: "anna",
    name: "Anna",
    state: "on_call",
    presence: "available",
    since: AT,
    set_by: null,
    capabilities: { supervised_transfers: true, transfers: true },
    options: { not_ready_reasons: [] },
  };
  const rest = { offers: [], transfers: [], scopes: ["agents:write"], directory: { agents: [carla], groups: [] } };
  model.take([{ id: "1-1", type: "snapshot", data: { me, calls: [CALL], at: AT, ...rest } } as never]);
});

afterEach(async () => {
  await act(() => {
    closeTransfer();
    render(null, root);
  });
});

test.each(DIALOGS)("%s says that the gateway is away, and goes on by itself", async (_, action, ticks, open) => {
  await open();
  expect(button(action).getAttribute("aria-disabled")).toBeNull();
  if (ticks) expect(clocks().length).toBeGreaterThan(0);

  await act(() => {
    connection.value = { state: "lost", since: Date.now() - 2000 };
    now.value += 250;
  });
  const stopped = clocks();
  await act(() => {
    now.value += 90_000;
  });
  expect(dialog().querySelector("[role=alert]")?.textContent).toContain("The gateway cannot be reached.");
  expect(clocks()).toEqual(stopped);
  expect(button(action).getAttribute("aria-disabled")).toBe("true");
  expect(button(action).title).toContain("Not connected to the gateway");
  const before = requests();
  await press(action);
  expect(requests()).toBe(before);
  if (action === "Transfer") expect(button("OK")).toBeUndefined();

  await act(() => {
    connection.value = { state: "live" };
    now.value += 250;
  });
  expect(dialog().querySelector("[role=alert]")?.textContent ?? "").toBe("");
  if (ticks) expect(clocks()).not.toEqual(stopped);
  await vi.waitFor(() => expect(button(action).getAttribute("aria-disabled")).toBeNull(), WAIT);
  await press(action);
  if (action === "Transfer") expect(button("OK")).toBeDefined();
  else await vi.waitFor(() => expect(requests()).toBe(before + 1), WAIT);
});

test("whoever logs out while the gateway is away is not told that they are logged out", async () => {
  model.take([{ id: "1-2", type: "call.ended", data: { call: { ...CALL, agent: null, state: "ended" } } } as never]);
  connection.value = { state: "lost", since: Date.now() - 2000 };
  await show(<LeaveDialog />);
  await act(() => leave());
  expect(dialog().textContent).toContain("it would go on sending you calls");
  await press("Log out");
  expect(asked.logOut).not.toHaveBeenCalled();
});
