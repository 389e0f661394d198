import { BookUser, CircleCheck, Hourglass, Phone, UserRound, UsersRound } from "lucide-preact";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/Notice";
import type { Check } from "./check";
import { refusalText, targetName, type Target, type Way, whoText, whyNotText } from "./sentences";
import { AgentState, agentOf, GroupState, groupOf } from "./TargetRows";
import css from "./transfer.module.css";

const ICONS = { agent: UserRound, group: UsersRound, preset: BookUser, number: Phone };

interface ChosenTargetProps {
  target: Target;
  way: Way;
  check: Check;
  /** Why an agent is not ready now, as a code of `transfer.why`. */
  why: string | null;
  onChange: () => void;
  deferred: boolean;
  onDeferred: (on: boolean) => void;
}

/** Where the call would go, and what the gateway thinks of it. */
export function ChosenTarget({ target, way, check, why, onChange, deferred, onDeferred }: ChosenTargetProps) {
  const agent = target.kind === "agent" ? agentOf(target.id) : undefined;
  const group = target.kind === "group" ? groupOf(target.id) : undefined;
  return (
    <section class={css.chosen} aria-label={t("transfer.destination")}>
      <div class={css.chosenHead}>
        <span class={css.chosenIcon}>
          <Icon of={ICONS[target.kind]} size={20} />
        </span>
        <div class={css.chosenName}>
          <p class={css.chosenTitle}>{targetName(target)}</p>
          <p class={css.chosenKind}>
            <span>{t(`transfer.kind.${target.kind}`)}</span>
            {target.kind === "preset" && <span class="numbers">{target.shown}</span>}
            {agent && <AgentState agent={agent} />}
            {group && <GroupState group={group} />}
          </p>
        </div>
        <Button kind="quiet" size="small" class={css.change ?? ""} onClick={onChange}>
          {t("transfer.change")}
        </Button>
      </div>
      <Verdict {...{ target, way, check, why, deferred, onDeferred }} />
    </section>
  );
}

function Verdict({ target, way, check, why, deferred, onDeferred }: Omit<ChosenTargetProps, "onChange">) {
  if (check.state === "asking") return <p class={css.quietLine}>{t("transfer.checking")}</p>;
  if (check.state === "failed") return <Notice kind="error">{problemText(check.problem)}</Notice>;
  if (check.state === "none") return null;
  const { answer } = check;
  const who = whoText(answer, target);
  // Once it is ticked the answer is for a transfer that waits, and says no more that it could.
  const mayWait = way === "supervised" && target.kind === "agent" && (answer.can_wait || deferred);
  return (
    <>
      {!answer.allowed && target.kind !== "number" && (
        <Notice kind="warning">{refusalText(answer, target, way)}</Notice>
      )}
      {answer.allowed && why !== null && (
        <Notice kind="warning">
          {t("transfer.notAvailable", { name: targetName(target), why: whyNotText({ code: why, reason: why }) })}
        </Notice>
      )}
      {answer.allowed && who !== null && (
        <p class={css.who}>
          <Icon of={answer.expected_wait === 0 ? CircleCheck : Hourglass} />
          {who}
        </p>
      )}
      {mayWait && (
        <label class={css.tick}>
          <input type="checkbox" checked={deferred} onChange={(event) => onDeferred(event.currentTarget.checked)} />
          {t("transfer.deferred", { name: targetName(target) })}
        </label>
      )}
      {target.kind === "group" && answer.others.length > 0 && (
        <details class={css.others}>
          <summary>{t("transfer.whyNot", { count: answer.others.length })}</summary>
          <ul>
            {answer.others.map((other) => (
              <li key={other.id}>
                <span>{other.name}</span> {whyNotText(other)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
