import { effect, signal } from "@preact/signals";
import { remembered } from "./remember";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export const theme = signal<Theme>(remembered<Theme>("theme", "system", (value) => THEMES.includes(value)));

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
});
