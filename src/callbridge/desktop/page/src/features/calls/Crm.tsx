import { ExternalLink } from "lucide-preact";
import type { Call } from "../../api/types";
import { selectedCall } from "../../desk/selection";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { webAddress } from "../../ui/harmless";
import { Icon } from "../../ui/Icon";
import { afterCall } from "./afterwards";
import css from "./calls.module.css";

/**
 * What the CRM's page may do in its frame: run, keep its own login, send its forms, open tabs and files. Not: lead this
 * page elsewhere, block it with dialogs, or use microphone and screen. Its pages come from another origin, see `Frame`.
 */
const MAY = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads";

/** The link to the customer's page, in a new tab. */
export function CrmLink({ call }: { call: Call }) {
  const url = addressOf(call);
  return url && <Link url={url} class={css.crm} text={t("pop.crm", { host: url.host })} />;
}

/** The frames of all calls on the desk, the selected one's shown. Nothing where the site does not want frames. */
export function CrmFrames() {
  if (!model.me.value?.options.crm_frame) return null;
  const calls = [...model.myCalls.value, ...(afterCall.value ? [afterCall.value] : [])];
  return (
    <>
      {calls.map((call) => {
        const url = addressOf(call);
        return url && mayBeFramed(url) ? (
          <Frame key={call.id} url={url} shown={selectedCall.value?.id === call.id} />
        ) : null;
      })}
    </>
  );
}

function Frame({ url, shown }: { url: URL; shown: boolean }) {
  return (
    <div class={css.frame} hidden={!shown}>
      <iframe
        title={t("pop.crmTitle")}
        src={url.href}
        sandbox={MAY}
        allow=""
        referrerpolicy="no-referrer"
        loading="eager"
      />
      <p class={css.frameFoot}>
        <Link url={url} text={t("pop.crmEmpty")} />
      </p>
    </div>
  );
}

function Link({ url, text, class: extra }: { url: URL; text: string; class?: string | undefined }) {
  return (
    <a class={extra} href={url.href} target="_blank" rel="noopener noreferrer">
      {text} <Icon of={ExternalLink} size={13} />
      <span class="visually-hidden">{t("pop.newTab")}</span>
    </a>
  );
}

function addressOf(call: Call): URL | null {
  const pop = model.pops.value.get(call.id);
  return webAddress(pop?.crm_url ?? null);
}

/** A page of this very origin, in a frame that may run scripts, could take the sandbox away from itself. */
export function mayBeFramed(url: URL, own: string = location.origin): boolean {
  return url.origin !== own;
}
