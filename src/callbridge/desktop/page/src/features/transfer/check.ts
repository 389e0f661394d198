/** What the gateway thinks of a transfer before it is asked for: anew whenever the choice or the target's state changes. */
import type { ReadonlySignal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../../api/client";
import { type ApiProblem, asProblem } from "../../api/problem";
import type { CheckAnswer, CheckRequest } from "../../api/types";

export type Check =
  | { state: "none" }
  | { state: "asking" }
  | { state: "known"; answer: CheckAnswer }
  | { state: "failed"; problem: ApiProblem };

const PAUSE = 150;
/** For what changes by itself; asked at the latest after this time, however often it changes. */
const AGAIN = 600;

/**
 * `live`: what the answer depends on beside the choice. While it is asked anew for that, the last answer stays.
 * `away`: nobody is there to be asked; once somebody is again, it is asked by itself.
 */
export function useCheck(call: string, body: CheckRequest | null, live: string, away: boolean): ReadonlySignal<Check> {
  const found = useSignal<Check>({ state: "none" });
  const asked = useRef("");
  const due = useRef(0);
  const choice = body === null ? "" : `${call} ${JSON.stringify(body)}`;
  useEffect(() => {
    if (body === null) {
      asked.current = "";
      found.value = { state: "none" };
      return;
    }
    const same = asked.current === choice;
    if (away) {
      if (!same || found.peek().state !== "known") found.value = { state: "none" };
      if (!same) asked.current = "";
      return;
    }
    const now = performance.now();
    if (!same) {
      asked.current = choice;
      found.value = { state: "asking" };
      due.current = now + PAUSE;
    } else if (due.current <= now) {
      due.current = now + AGAIN;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      due.current = 0;
      api.post("/v1/calls/{call}/transfers:check", { path: { call }, body, signal: stop.signal }).then(
        (answer) => {
          if (!stop.signal.aborted) found.value = { state: "known", answer };
        },
        (error: unknown) => {
          if (!stop.signal.aborted) found.value = { state: "failed", problem: asProblem(error) };
        },
      );
    }, due.current - now);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [choice, live, away]);
  return found;
}
