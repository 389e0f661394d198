import { Phone } from "lucide-preact";
import { t } from "../../texts/t";
import { EmptyState } from "../../ui/EmptyState";
import { Panel } from "../../ui/Panel";

/** The phone in the page: its state in words, microphone, speaker, DTMF, levels. Takes no props. */
export function PhonePanel() {
  return (
    <Panel title={t("desk.phone")}>
      <EmptyState icon={Phone} title={t("phone.none")} hint={t("phone.noneHint")} />
    </Panel>
  );
}
