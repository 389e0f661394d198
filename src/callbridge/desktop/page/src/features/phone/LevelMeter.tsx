import { useEffect, useRef } from "preact/hooks";
import { Meter } from "./meter";
import css from "./phone.module.css";

const EVERY = 70;

/** How loud it is, as a bar. For the eye only. */
export function LevelMeter({ stream, off = false }: { stream: MediaStream | null; off?: boolean }) {
  const bar = useRef<SVGRectElement>(null);
  useEffect(() => {
    if (stream === null || off || stream.getAudioTracks().length === 0) return undefined;
    const meter = new Meter(stream);
    // Past the components: fifteen times a second nothing else is drawn.
    const timer = setInterval(() => bar.current?.setAttribute("width", (100 * meter.level()).toFixed(1)), EVERY);
    return () => {
      clearInterval(timer);
      meter.close();
      bar.current?.setAttribute("width", "0");
    };
  }, [stream, off]);
  return (
    <svg class={css.meter} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class={css.meterBack} width="100" height="8" />
      <rect class={css.meterFront} width="0" height="8" ref={bar} />
    </svg>
  );
}
