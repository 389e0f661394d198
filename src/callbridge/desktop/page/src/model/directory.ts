/** Names of agents and groups, which the stream leaves out, and both together with their live states. */
import { computed, effect, signal } from "@preact/signals";
import { api } from "../api/client";
import { session } from "../api/session";
import type { AgentDelta, Directory, GroupDelta } from "../api/types";
import { model } from "./store";

export type NamedAgent = AgentDelta & { name: string };
export type NamedGroup = GroupDelta & { name: string };

/** As it was when it was asked for last; states in it are from then. null: not there yet. */
export const directory = signal<Directory | null>(null);

const names = computed(() => {
  const agents = new Map<string, string>();
  const groups = new Map<string, string>();
  for (const group of [...(directory.value?.my_agent_groups ?? []), ...(directory.value?.agent_groups ?? [])]) {
    groups.set(group.id, group.name);
    for (const agent of group.agents) agents.set(agent.id, agent.name);
  }
  return { agents, groups };
});

/** Names, for wherever an id comes without one; the id itself where it is not known. */
export function agentName(id: string | null): string {
  if (id === null) return "";
  const me = model.me.value;
  return names.value.agents.get(id) ?? (me?.id === id ? me.name : id);
}

export function groupName(id: string | null): string {
  return id === null ? "" : (names.value.groups.get(id) ?? id);
}

/** Everybody with live state and name. */
export const agents = computed<readonly NamedAgent[]>(() =>
  [...model.agents.value.values()].map((agent) => ({ ...agent, name: agentName(agent.id) })),
);
export const groups = computed<readonly NamedGroup[]>(() =>
  [...model.groups.value.values()].map((group) => ({ ...group, name: groupName(group.id) })),
);

/** Asks for the directory. Raises ApiProblem; what was known stays then. */
export async function loadDirectory(): Promise<void> {
  directory.value = await api.get("/v1/directory", { query: { limit: 5000 } });
}

/** Loads it whenever somebody is there that it does not know, and with each snapshot: names may have been changed. */
export function keepDirectory(): () => void {
  let asked = "";
  return effect(() => {
    const who = session.value?.agent;
    if (who === undefined) {
      asked = "";
      return;
    }
    if (!model.known.value) return;
    // Not the states, which change all the time: only who is there.
    const there = [...model.agents.value.keys(), "|", ...model.groups.value.keys()];
    const ids = [who, model.snapshots.value, ...there].join();
    if (ids === asked) return;
    asked = ids;
    loadDirectory().catch(() => {
      asked = "";
    });
  });
}
