/** What the search finds: in the directory that is loaded, or at the gateway where that was too large to be loaded whole. */
import { useComputed, useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { Directory } from "../../api/types";
import { directory } from "../../model/directory";
import { model } from "../../model/store";
import { type Hits, type Index, indexOf, search } from "./search";

const PAUSE = 150;
const MOST = 300;

export interface Found {
  hits: Hits;
  index: Index;
  /** The gateway knows more than is shown. */
  more: boolean;
  /** It is being asked: this is only what is loaded. */
  asking: boolean;
}

/** null: the directory is not there yet. */
export function useFound(query: ReadonlySignal<string>): ReadonlySignal<Found | null> {
  /** `directory`: null where the gateway gave no answer. */
  const answered = useSignal<{ query: string; directory: Directory | null } | null>(null);
  const whole = useComputed(() => (directory.value === null ? null : index(directory.value)));
  const asked = query.value.trim();
  const truncated = directory.value?.truncated ?? false;
  useEffect(() => {
    if (!truncated || asked === "") return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      api.get("/v1/directory", { query: { q: asked, limit: MOST }, signal: stop.signal }).then(
        (found) => {
          answered.value = { query: asked, directory: found };
        },
        // What is loaded is searched then.
        () => {
          if (!stop.signal.aborted) answered.value = { query: asked, directory: null };
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asked, truncated]);
  return useComputed(() => {
    if (whole.value === null) return null;
    const wanted = query.value.trim();
    const partly = directory.value?.truncated ?? false;
    const answer = partly && wanted !== "" && answered.value?.query === wanted ? answered.value : null;
    const from = answer?.directory ?? null;
    const searched = from === null ? whole.value : index(from);
    return {
      hits: search(searched, wanted),
      index: searched,
      more: from?.truncated ?? partly,
      asking: partly && wanted !== "" && answer === null,
    };
  });
}

const indexes = new WeakMap<Directory, Index>();

function index(of: Directory): Index {
  let found = indexes.get(of);
  if (found === undefined) {
    found = indexOf(of, model.me.peek()?.id);
    indexes.set(of, found);
  }
  return found;
}
