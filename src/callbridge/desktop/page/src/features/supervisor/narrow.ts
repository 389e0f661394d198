/** Whether there is place for a table. */
import { signal } from "@preact/signals";

const query = typeof matchMedia === "function" ? matchMedia("(max-width: 820px)") : null;

export const narrow = signal(query?.matches ?? false);

query?.addEventListener("change", () => {
  narrow.value = query.matches;
});
