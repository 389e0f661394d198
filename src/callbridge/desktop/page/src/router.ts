/** Screens by the address's hash: the server knows one page only. */
import { signal } from "@preact/signals";

export type Screen = "desk" | "supervisor" | "wallboard";

const SCREENS: Record<string, Screen> = { "#/supervisor": "supervisor", "#/wallboard": "wallboard" };

export const screen = signal<Screen>(read());

export function startRouter(): () => void {
  const changed = () => {
    screen.value = read();
  };
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function addressOf(name: Screen): string {
  return name === "desk" ? "#/" : `#/${name}`;
}

function read(): Screen {
  return SCREENS[location.hash] ?? "desk";
}
