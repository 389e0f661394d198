/** States as the stream says them now, over what the directory said when it was asked. */
import { useComputed } from "@preact/signals";
import type { AgentDelta, DirectoryAgent, DirectoryGroup, GroupDelta } from "../../api/types";
import { model } from "../../model/store";

/** The row is drawn anew only where this agent's own state changes. */
export function useAgent(agent: DirectoryAgent): AgentDelta {
  return useComputed(() => model.agents.value.get(agent.id)).value ?? agent;
}

export function useGroup(group: DirectoryGroup): GroupDelta {
  return useComputed(() => model.groups.value.get(group.id)).value ?? group;
}

/** What the check of a transfer to them depends on; changes only with it. */
export function liveKey(kind: string, id: string): string {
  if (kind === "agent") {
    const agent = model.agents.value.get(id);
    return agent ? `${agent.state} ${agent.since}` : "";
  }
  if (kind === "group") return JSON.stringify(model.groups.value.get(id) ?? null);
  return "";
}
