/** Why nothing can be done just now, as a sentence; null while the page is connected. */
import { computed } from "@preact/signals";
import { connection } from "../api/stream";
import { t } from "../texts/t";

export const away = computed<string | null>(() =>
  connection.value.state === "live" ? null : t("connection.noActions"),
);
