import { useSignal } from "@preact/signals";
import { ChevronDown } from "lucide-preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { api } from "../api/client";
import { end } from "../api/session";
import { asProblem } from "../api/problem";
import type { Me } from "../api/types";
import { reasonName } from "../model/reasons";
import { model } from "../model/store";
import { t } from "../texts/t";
import { Button } from "../ui/Button";
import { cx } from "../ui/cx";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Menu, MenuGroup, MenuItem, MenuLine } from "../ui/Menu";
import { StateDot } from "../ui/StateDot";
import { Elapsed } from "../ui/Time";
import { toastProblem } from "../ui/Toasts";
import { away } from "./away";
import { leave } from "./leave";
import { setByText } from "./setBy";
import css from "./MyState.module.css";

/** What I do now, since when, and one click to be available or busy. */
export function MyState() {
  const wanted = useSignal<"available" | "busy" | null>(null);
  /** The dialog for a reason in one's own words. */
  const asking = useSignal(false);
  const me = model.me.value;
  if (me === null) return <div class={css.holder} aria-busy="true" />;

  const set = async (state: "available" | "busy", reason: string | null = null) => {
    if (wanted.value !== null) return;
    wanted.value = state;
    try {
      await api.put("/v1/me/state", { body: { state, reason } });
    } catch (error) {
      // Somebody else has logged this agent out; only a login changes that.
      if (asProblem(error).code === "offline") end("setOffline");
      else toastProblem(error);
    } finally {
      wanted.value = null;
    }
  };
  return (
    <section class={css.holder} aria-label={t("state.mine")}>
      <p class={css.now} data-state={me.state}>
        <StateDot state={me.state} />
        <span class={css.time}>
          <Elapsed since={me.since} />
        </span>
        <Aside me={me} />
      </p>
      <div class={css.buttons} role="group" aria-label={t("state.set")} title={away.value ?? undefined}>
        <button
          type="button"
          class={cx(css.choice, me.presence === "available" && css.available)}
          aria-pressed={me.presence === "available"}
          aria-busy={wanted.value === "available" || undefined}
          disabled={away.value !== null}
          onClick={() => set("available")}
        >
          {t("state.available")}
        </button>
        <button
          type="button"
          class={cx(css.choice, me.presence === "busy" && css.busy)}
          aria-pressed={me.presence === "busy"}
          aria-busy={wanted.value === "busy" || undefined}
          disabled={away.value !== null}
          onClick={() => set("busy")}
        >
          {t("state.busy")}
        </button>
        <Menu
          label={t("state.reasons")}
          button={(props) => (
            <button
              type="button"
              ref={props.buttonRef}
              class={cx(css.choice, css.more)}
              aria-haspopup={props["aria-haspopup"]}
              aria-expanded={props["aria-expanded"]}
              aria-label={t("state.reasons")}
              title={t("state.reasons")}
              disabled={away.value !== null}
              onClick={props.onClick}
            >
              <Icon of={ChevronDown} size={14} />
            </button>
          )}
        >
          {(close) => {
            const choose = (reason: string) => {
              close();
              void set("busy", reason);
            };
            const another = () => {
              close();
              asking.value = true;
            };
            const goOffline = () => {
              close();
              leave();
            };
            const chosen = me.presence === "busy" ? me.reason : null;
            return <Reasons chosen={chosen} choose={choose} another={another} goOffline={goOffline} />;
          }}
        </Menu>
      </div>
      {asking.value && (
        <OwnReason
          onClose={() => {
            asking.value = false;
          }}
          choose={(reason) => {
            asking.value = false;
            void set("busy", reason);
          }}
        />
      )}
    </section>
  );
}

/** Why busy, or what comes after the call, where that is not what the state says anyway. */
function Aside({ me }: { me: Me }) {
  const inCall = me.state !== me.presence;
  if (me.set_by !== null) return <span class={css.aside}>{setByText(me, me.set_by)}</span>;
  if (inCall && me.presence === "busy") {
    return <span class={css.aside}>{t("state.afterCall", { state: t("state.busy") })}</span>;
  }
  return !inCall && me.reason ? <span class={css.aside}>{reasonName(me.reason)}</span> : null;
}

function Reasons({ chosen, choose, another, goOffline }: ReasonsProps) {
  return (
    <>
      <MenuGroup title={t("state.reasons")}>
        {(model.me.value?.options.not_ready_reasons ?? []).map(({ id }) => (
          <MenuItem key={id} checked={chosen === id} onSelect={() => choose(id)}>
            {reasonName(id)}
          </MenuItem>
        ))}
        <MenuItem onSelect={another}>{t("state.otherReason")}</MenuItem>
      </MenuGroup>
      <MenuLine />
      <MenuItem onSelect={goOffline}>{t("state.goOffline")}</MenuItem>
    </>
  );
}

interface ReasonsProps {
  chosen: string | null;
  choose: (reason: string) => void;
  another: () => void;
  goOffline: () => void;
}

function OwnReason({ onClose, choose }: { onClose: () => void; choose: (reason: string) => void }) {
  const own = useSignal("");
  const form = useId();
  const words = useRef<HTMLInputElement>(null);
  useEffect(() => words.current?.focus(), []);
  return (
    <Dialog
      title={t("state.reasons")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form={form} kind="primary" gateway>
            {t("state.useReason")}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (own.value.trim() && away.value === null) choose(own.value.trim());
        }}
      >
        <Field
          label={t("state.reason")}
          hint={t("state.reasonHint")}
          inputRef={words}
          maxLength={200}
          value={own.value}
          onInput={(event) => {
            own.value = event.currentTarget.value;
          }}
        />
      </form>
    </Dialog>
  );
}
