import { beforeEach, describe, expect, it, vi } from "vitest";
import { api, logIn, renew } from "./client";
import { ApiProblem } from "./problem";
import { begin, end, ended, session } from "./session";

const SESSION = {
  token: "t.1.x",
  token_type: "Bearer" as const,
  agent: "anna",
  supervisor: false,
  expires_at: null,
  expires_in: 900,
};

function answers(...given: (Response | Error)[]) {
  const asked = vi.fn(async (_address: string, _init: RequestInit) => {
    const next = given.shift();
    if (next === undefined) throw new Error("asked too often");
    if (next instanceof Error) throw next;
    return next;
  });
  vi.stubGlobal("fetch", asked);
  return asked;
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(status, { type: "x", title: "X", status, detail: "Why.", code }, headers);
const header = (asked: ReturnType<typeof answers>, call: number, name: string) =>
  (asked.mock.calls[call]?.[1].headers as Record<string, string>)[name];

describe("the client", () => {
  beforeEach(() => {
    session.value = null;
    begin(SESSION);
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 200 });
    return () => vi.useRealTimers();
  });

  it("sends token and path, and gives the answer", async () => {
    const asked = answers(json(200, { id: "o 1" }));
    const offer = await api.post("/v1/offers/{offer}:accept", { path: { offer: "o 1" } });
    expect(offer.id).toBe("o 1");
    expect(asked.mock.calls[0]?.[0]).toBe("/v1/offers/o%201:accept");
    expect(header(asked, 0, "Authorization")).toBe("Bearer t.1.x");
  });

  it("tries again with the same key where the network failed, and with another one for another action", async () => {
    const asked = answers(new TypeError("network"), json(200, {}), json(200, {}));
    await api.post("/v1/offers/{offer}:accept", { path: { offer: "o" } });
    await api.post("/v1/offers/{offer}:accept", { path: { offer: "o" } });
    const keys = [0, 1, 2].map((call) => header(asked, call, "Idempotency-Key"));
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("keeps the key that an action gives", async () => {
    const asked = answers(json(200, {}));
    await api.post("/v1/offers/{offer}:reject", { path: { offer: "o" }, key: "mine" });
    expect(header(asked, 0, "Idempotency-Key")).toBe("mine");
  });

  it("does not repeat what the gateway refused or may have done", async () => {
    const asked = answers(problem(409, "offer_ended"), problem(503, "outcome_unknown"));
    const one = api.post("/v1/offers/{offer}:accept", { path: { offer: "o" } });
    await expect(one).rejects.toMatchObject({ code: "offer_ended", status: 409, detail: "Why." });
    const two = api.post("/v1/offers/{offer}:accept", { path: { offer: "o" } });
    await expect(two).rejects.toBeInstanceOf(ApiProblem);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("says that the gateway is not there after three attempts, or where a proxy says so", async () => {
    const asked = answers(new TypeError(), new TypeError(), new Response("<html>", { status: 502 }));
    await expect(api.get("/v1/me")).rejects.toMatchObject({ code: "unreachable", status: 0 });
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it("goes back to the login where the token is not taken any more", async () => {
    answers(problem(401, "token_invalid"));
    await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 401 });
    expect(session.value).toBeNull();
    expect(ended.value).toBe("expired");
    expect(sessionStorage.getItem("callbridge.session")).toBeNull();
  });

  it("does not end a newer session for an old token's refusal", async () => {
    vi.stubGlobal("fetch", async () => {
      begin({ ...SESSION, token: "t.2.x" });
      return problem(401, "token_expired");
    });
    await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 401 });
    expect(session.value?.token).toBe("t.2.x");
  });

  it("renews a token once for all who need it, and not for one who has left", async () => {
    const asked = answers(json(200, { ...SESSION, token: "t.2.x" }), json(200, { ...SESSION, token: "t.3.x" }));
    await Promise.all([renew(), renew()]);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(session.value?.token).toBe("t.2.x");
    const late = renew();
    end("loggedOut");
    await late;
    expect(session.value).toBeNull();
  });

  it("renews first where the token is nearly over", async () => {
    begin({ ...SESSION, expires_in: 5 });
    const asked = answers(json(200, { ...SESSION, token: "t.2.x" }), json(200, { name: "Anna" }));
    await api.get("/v1/me");
    expect(asked.mock.calls.map(([address]) => address)).toEqual(["/v1/token:refresh", "/v1/me"]);
    expect(header(asked, 1, "Authorization")).toBe("Bearer t.2.x");
  });

  it("tells how long to wait after too many wrong passwords, and begins no session", async () => {
    end("loggedOut");
    answers(problem(429, "too_many_attempts", { "Retry-After": "30" }));
    await expect(logIn("anna", "no")).rejects.toMatchObject({ code: "too_many_attempts", retryAfter: 30 });
    expect(session.value).toBeNull();
  });
});
