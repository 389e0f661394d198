/** What somebody else has set of this agent, a supervisor or a program, is said by name; logged out, the desk closes. */
import { end, leaving } from "../api/session";
import type { Me, SetBy } from "../api/types";
import { timeOfDay } from "../features/calls/timeOfDay";
import { model } from "../model/store";
import { t } from "../texts/t";
import { toast } from "../ui/Toasts";

/** Once for each time that it happens; in a call the desk stays until the call has ended. */
export function setByText(me: Me, by: SetBy): string {
  const values = { name: by.name, time: timeOfDay(by.at) };
  if (me.presence === "offline") return t("state.loggedOutBy", values);
  return t("state.setBy", { ...values, state: t(`state.${me.presence}`) });
}

/** Follows the stream for as long as the page is there. */
export function followSetBy(): () => void {
  let said: string | null = null;
  let who: string | null = null;
  return model.onEvent((event) => {
    if (event.type !== "agent" && event.type !== "snapshot") return;
    const me = model.me.peek();
    if (me === null) return;
    const by = me.set_by;
    const mark = by === null ? "" : `${by.name} ${by.at}`;
    const first = said === null || who !== me.id;
    if (me.state === "offline") {
      said = null;
      if (!leaving.peek()) end("setOffline", by);
      return;
    }
    // What was so when the page came stands beside the state.
    if (!first && mark !== said && by !== null) toast(setByText(me, by));
    said = mark;
    who = me.id;
  });
}
