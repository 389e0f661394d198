/** Every request to the gateway goes through here: `api.post("/v1/offers/{offer}:accept", { path: { offer } })`. */
import { heardDate } from "../model/clock";
import { ApiProblem, unreachable } from "./problem";
import { type Answer, fillIn, type Given, type Method, type Options, type Path } from "./routes";
import type { paths } from "./schema";
import { begin, end, leaving, session } from "./session";
import type { ProblemDetails, SessionAnswer } from "./types";

const TIMEOUT = 15_000;
const ATTEMPTS = 3;
const PAUSE = 400;
/** Nothing was done yet, or the first attempt is still under way: asking again with the same key is right. */
const AGAIN = new Set(["busy", "stopping", "idempotency_in_progress", "unreachable"]);
/** A token is renewed after this part of its life, so that a failed attempt can be repeated many times. */
const RENEW_AFTER = 0.66;

interface Asked {
  path?: Record<string, string> | undefined;
  query?: object | undefined;
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
  token?: string;
}

export const api = {
  get: <P extends Path<"get">>(path: P, ...options: Given<P, "get">) => ask("get", path, options[0]),
  post: <P extends Path<"post">>(path: P, ...options: Given<P, "post">) => ask("post", path, options[0]),
  put: <P extends Path<"put">>(path: P, ...options: Given<P, "put">) => ask("put", path, options[0]),
};

/** For an action of the user: give it to each attempt of that action. */
export function newKey(): string {
  // crypto.randomUUID exists in secure contexts only; a test site may be plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Raises ApiProblem: `wrong_login`, `too_many_attempts` (with `retryAfter`), `unreachable`, ... */
export async function logIn(agent: string, password: string): Promise<void> {
  begin(await send<SessionAnswer>("post", "/v1/login", { body: { agent, password } }, null));
}

/** Goes offline. Whatever the gateway says, this tab has no token afterwards. */
export async function logOut(): Promise<void> {
  leaving.value = true;
  try {
    await api.post("/v1/logout", { body: {} });
  } finally {
    end("loggedOut");
  }
}

let renewing: Promise<void> | null = null;

/** A new token for the old one. Called once at a time however many need it. */
export function renew(): Promise<void> {
  renewing ??= (async () => {
    const before = session.value;
    if (before === null) return;
    const answer = await send<SessionAnswer>("post", "/v1/token:refresh", { body: {} }, before.token);
    // Whoever logged out meanwhile stays logged out.
    if (session.value === before) begin(answer);
  })().finally(() => {
    renewing = null;
  });
  return renewing;
}

let renewal: ReturnType<typeof setTimeout> | undefined;

/** Renews tokens in time, for as long as somebody is logged in. */
export function keepRenewing(): () => void {
  const stop = session.subscribe((now) => {
    clearTimeout(renewal);
    if (now !== null) schedule(now.gotAt + (now.endsAt - now.gotAt) * RENEW_AFTER - Date.now());
  });
  // A computer that slept has missed its timers.
  const awake = () => {
    const now = session.value;
    if (document.visibilityState === "visible" && now !== null && needsRenewal()) void renew().catch(() => undefined);
  };
  document.addEventListener("visibilitychange", awake);
  return () => {
    stop();
    clearTimeout(renewal);
    document.removeEventListener("visibilitychange", awake);
  };
}

function schedule(wait: number): void {
  renewal = setTimeout(
    () => {
      renew().catch(() => {
        const now = session.value;
        if (now === null) return;
        if (now.endsAt <= Date.now()) end("expired");
        else schedule(5000);
      });
    },
    Math.max(0, wait),
  );
}

function needsRenewal(): boolean {
  const now = session.value;
  return now !== null && Date.now() > now.gotAt + (now.endsAt - now.gotAt) * RENEW_AFTER;
}

async function ask<P extends keyof paths, M extends Method>(
  method: M,
  path: P,
  options: Options<P, M> | undefined,
): Promise<Answer<P, M>> {
  const asked = (options ?? {}) as Asked;
  if (asked.token !== undefined) return send<Answer<P, M>>(method, path, asked, asked.token);
  // Only where the timer failed (a computer that slept): else it is renewed beside the requests.
  if (session.value !== null && session.value.endsAt - Date.now() < 10_000) await renew().catch(() => undefined);
  return send<Answer<P, M>>(method, path, asked, session.value?.token ?? null);
}

async function send<T>(method: Method, path: string, asked: Asked, token: string | null): Promise<T> {
  const headers: Record<string, string> = {};
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  // The body may be left out; then it is empty, and needs no type.
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "post") headers["Idempotency-Key"] = asked.key ?? newKey();
  const address = fillIn(path, asked.path) + queryString(asked.query);
  for (let attempt = 1; ; attempt++) {
    try {
      return await once<T>(method, address, headers, asked);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 401 && token !== null && session.value?.token === token) end("expired");
      if (attempt >= ATTEMPTS || !AGAIN.has(error.code) || asked.signal?.aborted) throw error;
      await new Promise((wake) => setTimeout(wake, Math.min((error.retryAfter ?? 0) * 1000, 2000) || PAUSE * attempt));
    }
  }
}

async function once<T>(method: Method, address: string, headers: Record<string, string>, asked: Asked): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT);
  const signal = asked.signal ? AbortSignal.any([asked.signal, limit]) : limit;
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(address, {
      method: method.toUpperCase(),
      headers,
      signal,
      cache: "no-store",
      credentials: "omit",
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    });
    text = await answer.text();
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw unreachable();
  }
  heardDate(answer.headers.get("Date"));
  const data: unknown = parsed(text);
  if (answer.ok) return data as T;
  const after = Number(answer.headers.get("Retry-After"));
  const problem = typeof data === "object" && data !== null ? (data as Partial<ProblemDetails>) : {};
  // A proxy's own 502 to 504 says that the gateway is not there.
  if (problem.code === undefined && answer.status >= 502 && answer.status <= 504) throw unreachable();
  throw new ApiProblem({ ...problem, status: answer.status }, after > 0 ? after : null);
}

function queryString(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : "";
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
