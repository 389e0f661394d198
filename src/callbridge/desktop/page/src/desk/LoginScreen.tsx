import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { logIn } from "../api/client";
import { asProblem } from "../api/problem";
import { type Ended, ended, endedBy } from "../api/session";
import type { SetBy } from "../api/types";
import { timeOfDay } from "../features/calls/timeOfDay";
import { CallThatGoesOn } from "../features/phone/PhonePanel";
import { problemText, t } from "../texts/t";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Notice } from "../ui/Notice";
import { remember, remembered } from "../ui/remember";
import { LanguageSwitch } from "./LanguageSwitch";
import { Logo } from "./Logo";
import css from "./LoginScreen.module.css";

/** Why the last session ended; by name where somebody else ended it. */
export function endedText(why: Ended, by: SetBy | null): string {
  if (why === "setOffline" && by !== null) return t("ended.setOfflineBy", { name: by.name, time: timeOfDay(by.at) });
  return t(`ended.${why}`);
}

export function LoginScreen() {
  const agent = useSignal(remembered("agent", ""));
  const password = useSignal("");
  const busy = useSignal(false);
  const error = useSignal<(() => string) | null>(null);
  /** Seconds for which the gateway takes no attempt. */
  const wait = useSignal(0);
  const name = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);

  useEffect(() => {
    (agent.value ? secret : name).current?.focus();
  }, []);
  useEffect(() => {
    if (wait.value <= 0) return;
    const timer = setTimeout(() => {
      wait.value -= 1;
    }, 1000);
    return () => clearTimeout(timer);
  }, [wait.value]);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value || wait.value > 0) return;
    if (!agent.value.trim() || !password.value) {
      error.value = () => t("login.missing");
      (agent.value.trim() ? secret : name).current?.focus();
      return;
    }
    busy.value = true;
    error.value = null;
    try {
      await logIn(agent.value.trim(), password.value);
      remember("agent", agent.value.trim());
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.code === "too_many_attempts") wait.value = Math.ceil(problem.retryAfter ?? 30);
      else error.value = () => problemText(problem);
      busy.value = false;
      secret.current?.select();
    }
  };

  const why = ended.value;
  return (
    <main class={css.screen}>
      <form class={css.card} onSubmit={submit} noValidate>
        <Logo />
        <div class={css.head}>
          <h1 class={css.title}>{t("login.title")}</h1>
          <p class={css.lead}>{t("login.lead")}</p>
        </div>
        {wait.value > 0 ? (
          <Notice kind="warning">{t("login.wait", { count: wait.value })}</Notice>
        ) : error.value ? (
          <Notice kind="error">{error.value()}</Notice>
        ) : (
          why && <Notice kind={why === "loggedOut" ? "good" : "info"}>{endedText(why, endedBy.value)}</Notice>
        )}
        <Field
          label={t("login.agent")}
          inputRef={name}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          value={agent.value}
          onInput={(event) => {
            agent.value = event.currentTarget.value;
          }}
        />
        <Field
          label={t("login.password")}
          inputRef={secret}
          name="password"
          type="password"
          autocomplete="current-password"
          maxLength={1024}
          value={password.value}
          onInput={(event) => {
            password.value = event.currentTarget.value;
          }}
        />
        <Button type="submit" kind="primary" size="large" wide busy={busy.value} disabled={wait.value > 0}>
          {t("login.submit")}
        </Button>
      </form>
      <CallThatGoesOn />
      <LanguageSwitch />
    </main>
  );
}
