import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../../api/client";
import { asProblem } from "../../api/problem";
import { LoginScreen } from "../../desk/LoginScreen";
import { problemText, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { boardToken } from "./boardData";
import { Wallboard } from "./Wallboard";
import css from "./wallboard.module.css";

/** The wallboard's address where nobody is logged in: the wallboard of this screen's token, else the login. */
export function WallboardDoor() {
  const asking = useSignal(false);
  if (boardToken.value !== null) return <Wallboard />;
  return (
    <>
      <LoginScreen />
      <p class={css.door}>
        <Button kind="quiet" onClick={() => (asking.value = true)}>
          {t("wallboard.setUp")}
        </Button>
      </p>
      {asking.value && <SetUp onClose={() => (asking.value = false)} />}
    </>
  );
}

function SetUp({ onClose }: { onClose: () => void }) {
  const token = useSignal("");
  const busy = useSignal(false);
  const error = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = token.value.trim();
    if (busy.value || given === "") return;
    busy.value = true;
    error.value = "";
    try {
      await api.get("/v1/groups", { token: given });
      boardToken.value = given;
    } catch (thrown) {
      const problem = asProblem(thrown);
      error.value =
        problem.status === 401
          ? t("wallboard.wrongToken")
          : problem.status === 403
            ? t("wallboard.weakToken")
            : problemText(problem);
      busy.value = false;
    }
  };
  return (
    <Dialog title={t("wallboard.setUp")} onClose={onClose}>
      <form class={css.settings} onSubmit={submit} noValidate>
        <p>{t("wallboard.setUpHint")}</p>
        <Field
          label={t("wallboard.token")}
          type="password"
          autocomplete="off"
          spellcheck={false}
          maxLength={500}
          inputRef={field}
          error={error.value}
          value={token.value}
          onInput={(event) => {
            token.value = event.currentTarget.value;
          }}
        />
        <Button type="submit" kind="primary" busy={busy.value}>
          {t("wallboard.show")}
        </Button>
      </form>
    </Dialog>
  );
}
