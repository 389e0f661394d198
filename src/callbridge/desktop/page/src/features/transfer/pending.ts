/** One verb at a time: pressed once it is pending until the call shows what came of it, or the gateway refuses. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type ApiProblem, asProblem } from "../../api/problem";

/** What the PBX has not done by then is not waited for any longer. */
const LONGEST = 6000;

export interface Pending {
  /** Which verb is under way. */
  name: string | null;
  problem: ApiProblem | null;
  run: (name: string, action: () => Promise<unknown>) => void;
  /** The problem was read. */
  forget: () => void;
}

/** `signature`: changes with the call. `settled`: whether the PBX has caught up with what was decided. */
export function usePending(signature: string, settled: boolean): Pending {
  const name = useSignal<string | null>(null);
  const problem = useSignal<ApiProblem | null>(null);
  const from = useRef("");
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const end = () => {
    clearTimeout(timer.current);
    name.value = null;
  };
  useEffect(() => {
    if (name.peek() !== null && signature !== from.current && settled) end();
  }, [signature, settled]);
  useEffect(() => end, []);
  return {
    name: name.value,
    problem: problem.value,
    run: (verb, action) => {
      if (name.peek() !== null) return;
      name.value = verb;
      problem.value = null;
      from.current = signature;
      timer.current = setTimeout(end, LONGEST);
      action().catch((error: unknown) => {
        problem.value = asProblem(error);
        end();
      });
    },
    forget: () => {
      problem.value = null;
    },
  };
}
