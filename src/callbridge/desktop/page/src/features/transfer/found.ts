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
  /** The gateway knows more than is shown. */
  more: boolean;
}

/** null: the directory is not there yet. */
export function useFound(query: ReadonlySignal<string>): ReadonlySignal<Found | null> {
  const answered = useSignal<{ query: string; directory: Directory } | null>(null);
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
        () => undefined,
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
    const remote = answered.value;
    if (truncated && remote !== null && remote.query === wanted && wanted !== "") {
      return { hits: search(index(remote.directory), wanted), more: remote.directory.truncated };
    }
    return { hits: search(whole.value, wanted), more: directory.value?.truncated ?? false };
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
