import { LANGUAGES, language, t } from "../texts/t";
import { Button } from "../ui/Button";
import { remember } from "../ui/remember";
import css from "./TopBar.module.css";

export function LanguageSwitch() {
  return (
    <div class={css.languages} role="group" aria-label={t("menu.language")}>
      {LANGUAGES.map(({ id, name }) => (
        <Button
          key={id}
          kind="quiet"
          size="small"
          lang={id}
          aria-pressed={language.value === id}
          class={language.value === id ? css.chosen : ""}
          onClick={() => {
            language.value = id;
            remember("language", id);
          }}
        >
          {name}
        </Button>
      ))}
    </div>
  );
}
