import { afterEach, expect, test, vi } from "vitest";

const people = vi.hoisted(() => ({ name: "Erika", asked: 0 }));
vi.mock("../api/client", () => ({
  api: {
    get: async () => {
      people.asked += 1;
      const agents = [{ id: "erika", name: people.name }];
      return { my_agent_groups: [{ id: "online", name: "Online", agents }], agent_groups: [] };
    },
  },
}));
const { begin, end } = await import("../api/session");
const { agentName, keepDirectory } = await import("./directory");
const { model } = await import("./store");

function snapshot(): void {
  const directory = { agents: [{ id: "erika" }], groups: [{ id: "online" }] };
  const data = {
    me: { id: "felix" },
    calls: [],
    offers: [],
    transfers: [],
    scopes: [],
    directory,
    at: "2026-01-01T00:00:00Z",
  };
  model.take([{ id: "1-1", type: "snapshot", data }] as unknown as Parameters<typeof model.take>[0]);
}

const settled = () => new Promise((wake) => setTimeout(wake, 5));

afterEach(() => {
  end("loggedOut");
});

test("names are asked for once with each snapshot, so that a changed one is shown", async () => {
  const stop = keepDirectory();
  begin({ token: "t", agent: "felix", supervisor: false, expires_in: 600 } as Parameters<typeof begin>[0]);
  snapshot();
  await settled();
  expect([people.asked, agentName("erika")]).toEqual([1, "Erika"]);
  people.name = "Erika Neu";
  snapshot();
  await settled();
  expect([people.asked, agentName("erika")]).toEqual([2, "Erika Neu"]);
  stop();
});
