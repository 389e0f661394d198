import { computed, useComputed, useSignal } from "@preact/signals";
import { AlarmClock, ChevronLeft, ChevronRight, Maximize, Pause, Play, Settings, WifiOff, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { session } from "../../api/session";
import { asClock, now, secondsSince } from "../../model/clock";
import { addressOf } from "../../router";
import { language, t, tOr } from "../../texts/t";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { Icon } from "../../ui/Icon";
import { columnsFor, pagesOf, rowsFor } from "./board";
import { asked, type BoardData, boardToken, live } from "./boardData";
import { BoardSettings, onBoard } from "./BoardSettings";
import { useDerived } from "./derived";
import { shownNow, useFrozen } from "./frozen";
import { count } from "./numbers";
import type { GroupRow } from "./rows";
import { useNewestPage, useWakeLock } from "./staying";
import { transfersMade } from "./totals";
import { isOver } from "./Wait";
import css from "./wallboard.module.css";

/** How long a page of groups stays. */
const STAY = 15_000;
/** Names with more letters are set smaller. */
const LONG = 20;
/** A cut of a moment is nobody's business. */
const LOST_AFTER = 3000;

/** Large numbers for a screen on the wall. For supervisors, and for a screen with a token of its own. No props. */
export function Wallboard() {
  const token = session.value === null ? boardToken.value : null;
  const data = useMemo(() => (token === null ? live : asked(token)), [token]);
  return <Board key={token ?? ""} data={data} />;
}

function Board({ data }: { data: BoardData }) {
  useEffect(data.start, []);
  useFrozen(data.lostAt);
  useWakeLock();
  useNewestPage();
  const settings = useSignal(false);
  const old = useComputed(() => {
    const at = data.lostAt.value;
    return at !== null && (now.value, Date.now() - at >= LOST_AFTER);
  });
  const shown = useComputed(() => data.groups.value.filter(({ id }) => onBoard(id)));
  return (
    <main id="main" tabIndex={-1} class={css.board} data-old={old.value || undefined}>
      <header class={css.head}>
        <h1 class={css.title}>{t("wallboard.title")}</h1>
        <Summary data={data} shown={shown.value} />
        <Clock zone={data.today.value?.timezone} />
      </header>
      <div role="alert">{old.value && <Old data={data} />}</div>
      {data.known.value ? (
        <Pages groups={shown.value} openSettings={() => (settings.value = true)} />
      ) : (
        <p class={css.empty}>{t("common.loading")}</p>
      )}
      {settings.value && <BoardSettings groups={data.groups.value} onClose={() => (settings.value = false)} />}
    </main>
  );
}

function Old({ data }: { data: BoardData }) {
  const at = new Date(data.lostAt.value ?? Date.now());
  const time = at.toLocaleString(language.value, {
    ...(Date.now() - at.getTime() > 12 * 3_600_000 ? { day: "numeric", month: "short" } : {}),
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const why = data.refused.value;
  return (
    <p class={css.old}>
      <Icon of={WifiOff} size={28} />
      <span>
        {why === null
          ? t("wallboard.lost", { time })
          : `${t("wallboard.refused")} ${tOr(`problem.${why}`, "")} ${t("wallboard.lost", { time })}`}
      </span>
    </p>
  );
}

function Summary({ data, shown }: { data: BoardData; shown: readonly GroupRow[] }) {
  const today = data.today.value;
  const waiting = shown.reduce((sum, group) => sum + group.waiting, 0);
  const longest = shown
    .map((group) => group.waiting_since)
    .filter((since) => since !== null)
    .sort()[0];
  return (
    <dl class={css.summary}>
      <Figure title={t("supervisor.waitingNow")}>{count(waiting)}</Figure>
      <Figure title={t("supervisor.longest")}>
        <BigWait since={longest ?? null} />
      </Figure>
      {today !== null && (
        <>
          <Figure title={t("supervisor.callsToday")}>{count(today.calls.arrived)}</Figure>
          <Figure title={t("supervisor.calls.handled")}>{count(today.calls.handled)}</Figure>
          <Figure title={t("supervisor.calls.abandoned")}>{count(today.calls.abandoned)}</Figure>
          <Figure title={t("supervisor.transfers")}>{count(transfersMade(today))}</Figure>
        </>
      )}
    </dl>
  );
}

function Figure({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class={css.figure}>
      <dt>{title}</dt>
      <dd class="numbers">{children}</dd>
    </div>
  );
}

/** The present minute's beginning. */
const minute = computed(() => Math.floor(now.value / 60_000) * 60_000);

/** The time at the site. */
function Clock({ zone }: { zone: string | undefined }) {
  const text = useDerived(() => {
    const shape = {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      ...(zone === undefined ? {} : { timeZone: zone }),
    } as const;
    // Made once for each minute: a formatter costs more than it looks.
    return new Date(minute.value).toLocaleTimeString(language.value, shape);
  }, [zone]);
  return <time class={cx(css.clock, "numbers")}>{text}</time>;
}

/** The groups; where there are more than fit, page after page, until somebody says stop. */
function Pages({ groups, openSettings }: { groups: readonly GroupRow[]; openSettings: () => void }) {
  const page = useSignal(0);
  const still = useSignal(false);
  const pages = pagesOf(groups);
  const several = pages.length > 1;
  const here = Math.min(page.value, pages.length - 1);
  const most = Math.max(...pages.map((each) => each.length));
  const turn = (by: number) => {
    page.value = (Math.min(page.value, pages.length - 1) + by + pages.length) % pages.length;
  };
  const next = useRef(turn);
  next.current = turn;
  useEffect(() => {
    if (!several || still.value) return;
    const timer = setTimeout(() => !still.value && next.current(1), STAY);
    return () => clearTimeout(timer);
  }, [several, still.value, here]);
  const full = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen().catch(() => undefined);
  };
  return (
    <>
      {groups.length === 0 ? (
        <p class={css.empty}>{t("supervisor.noGroups")}</p>
      ) : (
        <ul
          class={css.grid}
          key={here}
          aria-label={t("supervisor.groups")}
          data-columns={columnsFor(most)}
          data-rows={rowsFor(most)}
        >
          {(pages[here] ?? []).map((group) => (
            <Tile key={group.id} group={group} />
          ))}
        </ul>
      )}
      <footer class={css.foot}>
        {several && (
          <div class={css.turning}>
            <Button
              kind="quiet"
              size="small"
              icon={ChevronLeft}
              aria-label={t("wallboard.before")}
              onClick={() => turn(-1)}
            />
            <span class={cx(css.place, "numbers")}>{t("wallboard.page", { page: here + 1, pages: pages.length })}</span>
            <Button
              kind="quiet"
              size="small"
              icon={ChevronRight}
              aria-label={t("wallboard.next")}
              onClick={() => turn(1)}
            />
            <Button
              kind="quiet"
              size="small"
              icon={still.value ? Play : Pause}
              aria-label={t(still.value ? "wallboard.goOn" : "wallboard.stop")}
              onClick={() => (still.value = !still.value)}
            />
          </div>
        )}
        <div class={css.tools}>
          <Button kind="quiet" size="small" icon={Maximize} aria-label={t("wallboard.full")} onClick={full} />
          <Button
            kind="quiet"
            size="small"
            icon={Settings}
            aria-label={t("wallboard.settings")}
            onClick={openSettings}
          />
          {session.value !== null && (
            <a class={css.leave} href={addressOf("supervisor")}>
              <Icon of={X} size={14} />
              {t("wallboard.leave")}
            </a>
          )}
        </div>
      </footer>
    </>
  );
}

function Tile({ group }: { group: GroupRow }) {
  const over = useDerived(() => isOver(group.waiting_since), [group.waiting_since]);
  return (
    <li class={cx(css.tile, over.value && css.tileOver)}>
      <div class={css.inside}>
        <h2 class={cx(css.name, group.name.length > LONG && css.nameLong)}>{group.name}</h2>
        <dl class={css.numbers}>
          <div class={cx(css.number, css.waiting, group.waiting === 0 && css.zero)}>
            <dt>{t("supervisor.waiting")}</dt>
            <dd class="numbers">{count(group.waiting)}</dd>
          </div>
          <div class={cx(css.number, group.waiting_since === null && css.zero)}>
            <dt>{t("supervisor.longest")}</dt>
            <dd class="numbers">
              <BigWait since={group.waiting_since} />
            </dd>
          </div>
          <div class={cx(css.number, group.available === 0 && css.nobody)}>
            <dt>{t("supervisor.available")}</dt>
            <dd class="numbers">
              {count(group.available)} <small>{t("supervisor.ofAll", { all: count(group.logged_in) })}</small>
            </dd>
          </div>
        </dl>
      </div>
    </li>
  );
}

function BigWait({ since }: { since: string | null }) {
  const text = useDerived(() => (since === null ? "–" : asClock(secondsSince(since, shownNow.value))), [since]);
  const over = useDerived(() => isOver(since), [since]);
  return (
    <span class={cx(css.wait, over.value && css.waitOver)}>
      {over.value && <AlarmClock class={css.alarm ?? ""} aria-hidden="true" />}
      <span>{text}</span>
      {over.value && <span class="visually-hidden">, {t("supervisor.tooLong")}</span>}
    </span>
  );
}
