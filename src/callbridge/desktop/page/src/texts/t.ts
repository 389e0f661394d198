/** `t("state.now", { state, time })`: the text in the chosen language. Components that call it follow a switch. */
import { effect, signal } from "@preact/signals";
import type { ApiProblem } from "../api/problem";
import { remembered } from "../ui/remember";
import { de, en, type Key, type Plural } from "./texts";

export type Language = "en" | "de";
export const LANGUAGES: readonly { id: Language; name: string }[] = [
  { id: "en", name: "English" },
  { id: "de", name: "Deutsch" },
];

const TEXTS: Record<Language, Record<Key, string | Plural>> = { en, de };

type Names<S> = S extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never;
type Forms<T> = T extends Plural ? T["one"] | T["other"] : T;
type Values<N extends string> = { [K in N]: K extends "count" ? number : string | number };
type Given<K extends Key> = [Names<Forms<(typeof en)[K]>>] extends [never]
  ? []
  : [values: Values<Names<Forms<(typeof en)[K]>>>];

export const language = signal<Language>(remembered<Language>("language", ofBrowser(), (value) => value in TEXTS));

effect(() => {
  document.documentElement.lang = language.value;
});

export function t<K extends Key>(key: K, ...given: Given<K>): string {
  const text = TEXTS[language.value][key];
  const values = given[0] as Record<string, string | number> | undefined;
  const form = typeof text === "string" ? text : text[pluralOf(Number(values?.["count"] ?? 0))];
  return values === undefined ? form : form.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}

/** A text whose key is made at run time, such as a code of the gateway; `otherwise` where there is none. */
export function tOr(key: string, otherwise: string): string {
  return Object.hasOwn(en, key) ? (t as (key: Key) => string)(key as Key) : otherwise;
}

/** A sentence for whoever met it. What the page has no words for is shown as the gateway says it. */
export function problemText(problem: ApiProblem): string {
  return tOr(`problem.${problem.code}`, problem.detail || t("problem.unexpected"));
}

/** Why somebody is busy: the gateway's own reasons translated, an agent's own words as they are. */
export function reasonText(reason: string | null): string {
  return reason === null ? "" : tOr(`reason.${reason}`, reason);
}

function pluralOf(count: number): "one" | "other" {
  return new Intl.PluralRules(language.value).select(count) === "one" ? "one" : "other";
}

function ofBrowser(): Language {
  for (const wanted of navigator.languages ?? [navigator.language]) {
    const found = LANGUAGES.find(({ id }) => wanted.toLowerCase().startsWith(id));
    if (found) return found.id;
  }
  return "en";
}
