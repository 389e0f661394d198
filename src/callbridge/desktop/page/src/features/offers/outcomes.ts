/** How an offer ended, as a sentence for the agent who had it. Pure. */
import type { Offer } from "../../api/types";
import { agentName } from "../../model/directory";
import { t } from "../../texts/t";

/** null: nothing has to be said, because the page shows it anyway. */
export function outcomeOf(ended: Offer, made: Offer | null): string | null {
  const reason = ended.reason ?? "";
  switch (ended.state) {
    case "pending":
    case "accepted":
      return null;
    case "timed_out":
      // The prompt that follows says it.
      return null;
    case "rejected":
      if (ended.kind === "consult") return t("offers.rejectedConsult", { name: asker(made) });
      return ended.kind === "recall" ? t("offers.rejectedRecall") : t("offers.rejected");
    case "cancelled":
      return ended.kind === "consult" && reason !== "caller_hung_up"
        ? t("offers.withdrawn", { name: asker(made) })
        : t("offers.hungUp");
    case "rescinded":
      if (reason.startsWith("phone unreachable") || reason === "unreachable") return t("offers.unreachable");
      if (reason === "agent_left") return t("offers.left");
      if (reason === "cancelled") return t("offers.withdrawn", { name: asker(made) });
      return reason === "fallback" ? t("offers.fallback") : t("offers.rescinded");
  }
}

function asker(made: Offer | null): string {
  const by = made?.preview?.transferred_by;
  return by ? by.name || agentName(by.id) : t("offers.colleague");
}
