/**
 * Where the wallboard has its numbers from: a supervisor's stream, or, on a screen where nobody is logged in, the
 * token of a service, which does not end by itself. With that one it asks every few seconds, so that the token needs
 * to read groups (and calls, for today's numbers) and nothing else.
 */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { api } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { Today } from "../../api/types";
import { connection, groups, today, everybody, watch } from "./everybody";
import { type GroupRow, settled } from "./rows";

export interface BoardData {
  groups: ReadonlySignal<readonly GroupRow[]>;
  today: ReadonlySignal<Today | null>;
  /** False until there are numbers. */
  known: ReadonlySignal<boolean>;
  /** When the last news came before the connection was lost, in ms of this computer's clock. null: it is there. */
  lostAt: ReadonlySignal<number | null>;
  /** The token is refused: its code. null: it is not. */
  refused: ReadonlySignal<string | null>;
  start: () => () => void;
}

/** The numbers of whoever is logged in. */
export const live: BoardData = {
  groups,
  today,
  known: everybody.known,
  lostAt: computed(() => (connection.value.state === "lost" ? connection.value.since : null)),
  refused: signal(null),
  start: watch,
};

const ASK = 2500;
/** No answer for so long is none: with it the numbers are old. */
const PATIENCE = 7000;
const SLOWLY = 15_000;
/** Today's numbers are asked for with every so many questions. */
const SELDOM = 2;

/** The numbers that a service's token can get. */
export function asked(token: string): BoardData {
  const found = signal<readonly GroupRow[]>([]);
  const numbers = signal<Today | null>(null);
  const known = signal(false);
  const lostAt = signal<number | null>(null);
  const refused = signal<string | null>(null);
  let heardAt = Date.now();
  let mayCount = true;

  const ask = async (round: number): Promise<void> => {
    try {
      const { items } = await api.get("/v1/groups", { token, signal: AbortSignal.timeout(PATIENCE) });
      found.value = settled(
        found.value,
        items.map(({ agents: _, longest_wait: __, ...row }) => row),
      );
      known.value = true;
      lostAt.value = null;
      refused.value = null;
      heardAt = Date.now();
      if (round % SELDOM === 0) await count();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 401 || problem.status === 403) refused.value = problem.code;
      lostAt.value ??= heardAt;
    }
  };
  /** Without the right to it the wallboard has no totals, and is a wallboard all the same. */
  const count = async (): Promise<void> => {
    if (!mayCount) return;
    try {
      numbers.value = await api.get("/v1/statistics/today", { token, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      if (asProblem(error).status !== 403) throw error;
      mayCount = false;
    }
  };

  return {
    groups: found,
    today: numbers,
    known,
    lostAt,
    refused,
    start: () => {
      let timer: ReturnType<typeof setTimeout>;
      let stopped = false;
      const again = async (round: number): Promise<void> => {
        await ask(round);
        // Whatever happens: a wallboard tries again for ever.
        if (!stopped) timer = setTimeout(() => void again(round + 1), refused.value === null ? ASK : SLOWLY);
      };
      void again(0);
      return () => {
        stopped = true;
        clearTimeout(timer);
      };
    },
  };
}

const KEY = "callbridge.wallboard";

/** The token of this screen, kept in the browser. null: there is none. */
export const boardToken = signal<string | null>(stored());

effect(() => {
  try {
    if (boardToken.value === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, boardToken.value);
  } catch {
    // Then it lasts until the next reload.
  }
});

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
