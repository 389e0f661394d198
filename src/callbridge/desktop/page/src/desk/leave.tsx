/** Logging out; whoever is in a call is asked before. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { logOut } from "../api/client";
import { legs } from "../features/phone/phone";
import { model } from "../model/store";
import { away } from "./away";
import { t } from "../texts/t";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";

const asking = signal(false);

/** Of a call, and while the gateway is away: it could not be told, and would go on sending calls. */
export function leave(): void {
  if (inCall() || away.peek() !== null) asking.value = true;
  else go();
}

function inCall(): boolean {
  return model.myCalls.value.length > 0 || legs.value.length > 0;
}

export function LeaveDialog() {
  // Whose session ends meanwhile is not asked after the next login.
  useEffect(
    () => () => {
      asking.value = false;
    },
    [],
  );
  if (!asking.value) return null;
  const close = () => {
    asking.value = false;
  };
  return (
    <Dialog
      title={t(inCall() ? "leave.title" : "menu.logOut")}
      onClose={close}
      foot={
        <>
          <Button onClick={close}>{t("common.cancel")}</Button>
          <Button kind="primary" gateway onClick={go}>
            {t("menu.logOut")}
          </Button>
        </>
      }
    >
      {away.value !== null && <p>{t("leave.away")}</p>}
      {inCall() && <p>{t("leave.inCall")}</p>}
    </Dialog>
  );
}

function go(): void {
  asking.value = false;
  void logOut().catch(() => undefined);
}
