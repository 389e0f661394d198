import { signal } from "@preact/signals";
import { session } from "../../api/session";
import { LANGUAGES, language, t } from "../../texts/t";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Select } from "../../ui/Field";
import { Notice } from "../../ui/Notice";
import { remember, remembered } from "../../ui/remember";
import { THEMES, theme } from "../../ui/theme";
import { boardToken } from "./boardData";
import type { GroupRow } from "./rows";
import { Limit } from "./Waiting";
import css from "./wallboard.module.css";

const NAME = "wallboard.groups";

/** The groups that this screen shows. Empty: all. */
const chosen = signal<readonly string[]>(
  remembered<string[]>(NAME, [], (value) => Array.isArray(value) && value.every((id) => typeof id === "string")),
);

export function onBoard(group: string): boolean {
  return chosen.value.length === 0 || chosen.value.includes(group);
}

function choose(ids: readonly string[]): void {
  chosen.value = ids;
  remember(NAME, ids);
}

/** What this screen shows; kept in this browser. */
export function BoardSettings({ groups, onClose }: { groups: readonly GroupRow[]; onClose: () => void }) {
  const alone = session.value === null;
  return (
    <Dialog
      title={t("wallboard.settings")}
      onClose={onClose}
      foot={
        <>
          {alone && (
            <Button
              kind="danger"
              onClick={() => {
                boardToken.value = null;
              }}
            >
              {t("wallboard.forget")}
            </Button>
          )}
          <Button kind="primary" onClick={onClose}>
            {t("common.close")}
          </Button>
        </>
      }
    >
      <div class={css.settings}>
        <Limit />
        {alone && (
          <div class={css.two}>
            <Select
              label={t("menu.theme")}
              value={theme.value}
              options={THEMES.map((each) => ({ value: each, text: t(`menu.theme.${each}`) }))}
              onChange={(value) => {
                theme.value = THEMES.find((each) => each === value) ?? "system";
                remember("theme", theme.value);
              }}
            />
            <Select
              label={t("menu.language")}
              value={language.value}
              options={LANGUAGES.map(({ id, name }) => ({ value: id, text: name }))}
              onChange={(value) => {
                language.value = LANGUAGES.find(({ id }) => id === value)?.id ?? "en";
                remember("language", language.value);
              }}
            />
          </div>
        )}
        <fieldset class={css.choice}>
          <legend>
            {t("wallboard.groups")} <span class={css.aside}>{t("wallboard.groupsHint")}</span>
          </legend>
          <div class={css.choices}>
            {groups.map(({ id, name }) => (
              <label key={id} class={css.one}>
                <input
                  type="checkbox"
                  checked={chosen.value.includes(id)}
                  onChange={(event) => {
                    const others = chosen.value.filter((each) => each !== id);
                    choose(event.currentTarget.checked ? [...others, id] : others);
                  }}
                />
                {name}
              </label>
            ))}
          </div>
        </fieldset>
        {!alone && <Notice>{t("wallboard.sessionEnds")}</Notice>}
      </div>
    </Dialog>
  );
}
