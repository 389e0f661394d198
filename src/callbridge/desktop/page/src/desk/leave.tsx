/** Logging out; whoever is in a call is asked before. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { logOut } from "../api/client";
import { legs } from "../features/phone/phone";
import { model } from "../model/store";
import { t } from "../texts/t";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";

const asking = signal(false);

export function leave(): void {
  if (model.myCalls.peek().length > 0 || legs.peek().length > 0) asking.value = true;
  else go();
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
      title={t("leave.title")}
      onClose={close}
      foot={
        <>
          <Button onClick={close}>{t("common.cancel")}</Button>
          <Button kind="primary" onClick={go}>
            {t("menu.logOut")}
          </Button>
        </>
      }
    >
      <p>{t("leave.inCall")}</p>
    </Dialog>
  );
}

function go(): void {
  asking.value = false;
  void logOut().catch(() => undefined);
}
