import { ChevronDown, LogOut } from "lucide-preact";
import { session } from "../api/session";
import { connection } from "../api/stream";
import { model } from "../model/store";
import { canNotify, notifying, setNotifying } from "../features/offers/attention";
import { addressOf, type Screen, screen } from "../router";
import { LANGUAGES, language, t } from "../texts/t";
import { cx } from "../ui/cx";
import { Icon } from "../ui/Icon";
import { Menu, MenuGroup, MenuItem, MenuLine } from "../ui/Menu";
import { remember } from "../ui/remember";
import { THEMES, theme } from "../ui/theme";
import { toast } from "../ui/Toasts";
import { LeaveDialog, leave } from "./leave";
import { Logo } from "./Logo";
import { MyState } from "./MyState";
import css from "./TopBar.module.css";

const SCREENS: readonly Screen[] = ["desk", "supervisor", "wallboard"];

export function TopBar() {
  return (
    <header class={css.bar}>
      <a class="visually-hidden" href="#main" onClick={skip}>
        {t("app.skip")}
      </a>
      <Logo />
      {session.value?.supervisor && <Navigation />}
      <div class={css.state}>
        <MyState />
      </div>
      <div class={css.right}>
        <ConnectionMark />
        <UserMenu />
      </div>
      <LeaveDialog />
    </header>
  );
}

/** The address's hash is the router's, so the jump is made by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Navigation() {
  return (
    <nav class={css.nav} aria-label={t("nav.label")}>
      {SCREENS.map((each) => (
        <a
          key={each}
          href={addressOf(each)}
          class={cx(css.link, screen.value === each && css.linkHere)}
          aria-current={screen.value === each ? "page" : undefined}
        >
          {t(`nav.${each}`)}
        </a>
      ))}
    </nav>
  );
}

function ConnectionMark() {
  const state = connection.value.state;
  const text = state === "lost" ? t("connection.connecting") : t(`connection.${state}`);
  return (
    <span class={cx(css.connection, css[state])} title={text} data-connection={state}>
      <span class={css.pulse} aria-hidden="true" />
      <span class={css.connectionText}>{text}</span>
    </span>
  );
}

function UserMenu() {
  const name = model.me.value?.name ?? session.value?.agent ?? "";
  return (
    <Menu
      label={t("menu.user")}
      button={(props) => (
        <button
          type="button"
          ref={props.buttonRef}
          class={css.user}
          aria-haspopup={props["aria-haspopup"]}
          aria-expanded={props["aria-expanded"]}
          onClick={props.onClick}
        >
          <span class={css.initials} aria-hidden="true">
            {initials(name)}
          </span>
          <span class={css.userName}>{name}</span>
          <span class="visually-hidden">, {t("menu.user")}</span>
          <Icon of={ChevronDown} size={14} />
        </button>
      )}
    >
      {(close) => (
        <>
          <MenuGroup title={t("menu.theme")}>
            {THEMES.map((each) => (
              <MenuItem
                key={each}
                checked={theme.value === each}
                onSelect={() => {
                  theme.value = each;
                  remember("theme", each);
                }}
              >
                {t(`menu.theme.${each}`)}
              </MenuItem>
            ))}
          </MenuGroup>
          <MenuGroup title={t("menu.language")}>
            {LANGUAGES.map(({ id, name: shown }) => (
              <MenuItem
                key={id}
                checked={language.value === id}
                onSelect={() => {
                  language.value = id;
                  remember("language", id);
                }}
              >
                <span lang={id}>{shown}</span>
              </MenuItem>
            ))}
          </MenuGroup>
          {canNotify() && (
            <MenuGroup title={t("notify.title")}>
              <MenuItem
                checked={notifying.value}
                onSelect={() => {
                  void setNotifying(!notifying.value).then((done) => {
                    if (!done) toast(t("notify.denied"), "error");
                  });
                }}
              >
                {t("notify.toggle")}
              </MenuItem>
            </MenuGroup>
          )}
          <MenuLine />
          <MenuItem
            onSelect={() => {
              close();
              leave();
            }}
          >
            <Icon of={LogOut} />
            {t("menu.logOut")}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
