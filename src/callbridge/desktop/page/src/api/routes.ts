/** Types that read the OpenAPI document: what a path takes and answers. */
import type { paths } from "./schema";

export type Method = "get" | "post" | "put";

/** The paths that know this method. */
export type Path<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, object> ? P : never;
}[keyof paths];

type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;

type Json<T> = T extends { content: { "application/json": infer J } } ? J : undefined;
type Success<R> = R extends { 200: infer A }
  ? A
  : R extends { 201: infer A }
    ? A
    : R extends { 202: infer A }
      ? A
      : never;

export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R }
    ? [Success<R>] extends [never]
      ? undefined
      : Json<Success<R>>
    : never;

type BodyOf<O> = O extends { requestBody?: infer B } ? Json<NonNullable<B>> : undefined;
type PathOf<O> = O extends { parameters: { path: infer P extends Record<string, string> } } ? P : undefined;
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? (Q extends undefined ? undefined : Q) : undefined;

/** A field that may be left out where all of it may. */
type Field<K extends string, V> = [V] extends [undefined]
  ? { [key in K]?: undefined }
  : {} extends V
    ? { [key in K]?: V | undefined }
    : { [key in K]: V };

export type Options<P extends keyof paths, M extends Method> = Field<"path", PathOf<Operation<P, M>>> &
  Field<"query", QueryOf<Operation<P, M>>> &
  Field<"body", BodyOf<Operation<P, M>>> & {
    /** One for each action of the user; the same one where the user tries it again. Made up where it is left out. */
    key?: string;
    signal?: AbortSignal;
    /** Instead of the token of whoever is logged in. */
    token?: string;
  };

type Needed<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? never : K }[keyof T];

/** They may be left out where nothing in them is needed. */
export type Given<P extends keyof paths, M extends Method> = [Needed<Options<P, M>>] extends [never]
  ? [options?: Options<P, M>]
  : [options: Options<P, M>];

/** `/v1/offers/{offer}:accept` with its parameters filled in. */
export function fillIn(path: string, values: Record<string, string> | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values?.[name];
    if (value === undefined) throw new Error(`${path} needs ${name}`);
    return encodeURIComponent(value);
  });
}
