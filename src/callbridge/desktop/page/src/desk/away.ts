/** Why nothing can be done just now, as a sentence; null while the page is connected. */
import { computed } from "@preact/signals";
import { connection } from "../api/stream";
import { now, serverNow } from "../model/clock";
import { t } from "../texts/t";

export const away = computed<string | null>(() =>
  connection.value.state === "live" ? null : t("connection.noActions"),
);

/** The gateway's time, and while the connection is lost that of its last news: nothing that is old counts on by it. */
export const newsClock = computed<number>(() => {
  const state = connection.value;
  return state.state === "lost" ? state.since + (serverNow() - Date.now()) : now.value;
});
