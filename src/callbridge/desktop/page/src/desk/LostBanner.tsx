import { useComputed } from "@preact/signals";
import { connection } from "../api/stream";
import { asClock, now } from "../model/clock";
import { t } from "../texts/t";
import css from "./TopBar.module.css";

/** A cut of a moment is nobody's business; one that lasts says that what is shown is old. */
const AFTER = 1500;

export function LostBanner() {
  const seconds = useComputed(() => {
    const state = connection.value;
    if (state.state !== "lost") return null;
    now.value; // ticks
    const lasted = Date.now() - state.since;
    return lasted < AFTER ? null : Math.floor(lasted / 1000);
  });
  const lost = useComputed(() => seconds.value !== null);
  if (!lost.value) return <div role="alert" />;
  return (
    <div role="alert" class={css.lost}>
      {t("connection.lostBanner", { time: asClock(seconds.value ?? 0) })}
    </div>
  );
}
