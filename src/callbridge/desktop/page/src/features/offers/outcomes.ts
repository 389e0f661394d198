/** How an offer ended, and what became of its call, as sentences for the agent who had the offer. Pure. */
import type { Next, Offer } from "../../api/types";
import { agentName } from "../../model/directory";
import { t } from "../../texts/t";

/** null: nothing has to be said, because the page shows it anyway. */
export function outcomeOf(ended: Offer, next: Next | null, made: Offer | null, me: string | undefined): string | null {
  const reason = ended.reason ?? "";
  const then = (text: string) => [text, nextText(next, me)].filter(Boolean).join(" ");
  switch (ended.state) {
    case "pending":
    case "accepted":
      return null;
    case "timed_out":
      // The prompt that follows says it.
      return null;
    case "rejected":
      return then(t("offers.rejected"));
    case "cancelled":
      return ended.kind === "consult" && reason !== "caller_hung_up"
        ? t("offers.withdrawn", { name: asker(made) })
        : t("offers.hungUp");
    case "rescinded":
      if (isUnreachable(ended)) return then(t("offers.unreachable"));
      if (reason === "network_trouble") return then(t("offers.networkTrouble"));
      if (reason === "agent_left") return then(t("offers.left"));
      if (reason === "cancelled") return t("offers.withdrawn", { name: asker(made) });
      return reason === "fallback" ? t("offers.fallback") : then(t("offers.rescinded"));
  }
}

/** The phone could not be rung: the agent was set to busy for it. */
export function isUnreachable(ended: Offer): boolean {
  const reason = ended.reason ?? "";
  return ended.state === "rescinded" && reason === "unreachable";
}

/** Where the call is now, as the gateway says; "": it says nothing. */
export function nextText(next: Next | null, me: string | undefined): string {
  if (next === null) return "";
  const name = next.agent === null ? "" : next.agent.name || agentName(next.agent.id);
  const mine = next.agent !== null && next.agent.id === me;
  switch (next.kind) {
    case "group":
      return t("offers.next.group", { group: next.group?.name ?? "" });
    case "agent":
      return mine ? t("offers.next.you") : t("offers.next.agent", { name });
    case "recall":
      return mine ? t("offers.next.youAgain") : t("offers.next.recall", { name });
    case "asker":
      return t("offers.next.asker", { name });
    case "fallback":
      return t("offers.next.fallback");
    case "over":
      return t("offers.next.over");
  }
}

export function asker(made: Offer | null): string {
  const by = made?.preview?.transferred_by;
  return by ? by.name || agentName(by.id) : t("offers.colleague");
}
