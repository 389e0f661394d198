import { ArrowRightLeft, Disc3, ExternalLink } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Call, Pop } from "../../api/types";
import { agentName } from "../../model/directory";
import { model } from "../../model/store";
import { t } from "../../texts/t";
import { DataTable } from "../../ui/DataTable";
import { webAddress } from "../../ui/harmless";
import { Icon } from "../../ui/Icon";
import { phoneNumber } from "../../ui/number";
import { Plain } from "../../ui/Plain";
import { asClock, secondsSince } from "../../model/clock";
import css from "./calls.module.css";
import { timeOfDay } from "./timeOfDay";
import { partOf } from "./words";

const ROWS = 10;

/** What is known about the call. `pop`: null where the page has it from the call's record only. */
export function ScreenPop({ call, pop }: { call: Call; pop: Pop | null }) {
  const called = pop?.called || call.called;
  const group = pop?.group ?? call.group;
  const data = pop?.data ?? call.data;
  return (
    <section class={css.pop} aria-label={t("pop.facts")}>
      <Transferred call={call} pop={pop} />
      <Dropped pop={pop} />
      <dl class={css.facts}>
        {called && (
          <Fact name={t("pop.called")}>
            <span class="numbers">
              <Plain text={phoneNumber(called)} line />
            </span>
          </Fact>
        )}
        <Fact name={t("pop.group")}>
          <Plain text={group.name} line />
        </Fact>
        {call.arrived_at && (
          <Fact name={t("pop.arrived")}>
            <span class="numbers">{timeOfDay(call.arrived_at)}</span>
          </Fact>
        )}
        {call.arrived_at && call.answered_at && (
          <Fact name={t("pop.waited")}>
            <span class="numbers">{asClock(secondsSince(call.arrived_at, Date.parse(call.answered_at)))}</span>
          </Fact>
        )}
      </dl>
      <h3 class={css.section}>{t("pop.data")}</h3>
      {Object.keys(data).length > 0 ? (
        <DataTable title={t("pop.data")} data={data} most={ROWS} />
      ) : (
        <p class={css.none}>{t("pop.noData")}</p>
      )}
      <Recording call={call} />
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class={css.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Transferred({ call, pop }: { call: Call; pop: Pop | null }) {
  const me = model.me.value?.id;
  const by = pop?.transferred_by ?? null;
  if (by === null || by.id === me) return null;
  const reason = pop?.transfer_reason;
  const name = by.name || agentName(by.id);
  const asked = partOf(call, me) === "asked";
  return (
    <div class={css.transferred}>
      <Icon of={ArrowRightLeft} />
      <div>
        <p class={css.by}>{asked ? t("pop.consultedBy", { name }) : t("pop.transferredBy", { name })}</p>
        {reason && (
          <p>
            <Plain text={reason} />
          </p>
        )}
      </div>
    </div>
  );
}

function Dropped({ pop }: { pop: Pop | null }) {
  const by = pop?.dropped_by ?? null;
  return by === null ? null : <p class={css.by}>{t("pop.droppedBy", { name: by.name || agentName(by.id) })}</p>;
}

function Recording({ call }: { call: Call }) {
  if (call.recording === null) return null;
  const url = webAddress(call.recording.url);
  return (
    <p class={css.recording}>
      <Icon of={Disc3} />
      {url ? (
        <a href={url.href} target="_blank" rel="noopener noreferrer">
          {t("pop.recording")} <Icon of={ExternalLink} size={13} />
          <span class="visually-hidden">{t("pop.newTab")}</span>
        </a>
      ) : (
        t("pop.recorded")
      )}
    </p>
  );
}
