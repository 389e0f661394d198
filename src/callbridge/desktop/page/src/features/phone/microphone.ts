/** The microphone: asked for, chosen, muted, replaced while somebody talks; and what stands in the way, in a word. */
import { signal } from "@preact/signals";
import { remember, remembered } from "../../ui/remember";
import { audioContext } from "./audio";

export type MicrophoneState =
  | "unknown"
  | "ready"
  /** The browser asks the agent. */
  | "asking"
  /** The agent, or the browser's settings, forbid it. */
  | "denied"
  /** There is none. */
  | "missing"
  /** Another program has it. */
  | "busy"
  /** Browsers give a microphone only to pages with a secure address. */
  | "insecure";

export interface Device {
  id: string;
  name: string;
}

export const microphone = signal<MicrophoneState>("unknown");
export const microphones = signal<readonly Device[]>([]);
/** Empty where the browser does not let a page choose. */
export const speakers = signal<readonly Device[]>([]);
/** "": the browser's own choice. */
export const chosenMicrophone = signal<string>(remembered("phone.microphone", ""));
export const chosenSpeaker = signal<string>(remembered("phone.speaker", ""));
export const chosenRinger = signal<string>(remembered("phone.ringer", ""));
/** Echo cancellation, noise suppression and gain control. */
export const processing = signal<boolean>(remembered("phone.processing", true));

const CHOSEN = { microphone: chosenMicrophone, speaker: chosenSpeaker, ringer: chosenRinger };

export function choose(what: keyof typeof CHOSEN, device: string): void {
  CHOSEN[what].value = device;
  remember(`phone.${what}`, device);
}

export function chooseProcessing(on: boolean): void {
  processing.value = on;
  remember("phone.processing", on);
}

/** Asks for the permission where it was not decided yet, so that nobody is asked while a caller waits. */
export async function prepareMicrophone(): Promise<void> {
  if (!navigator.mediaDevices?.getUserMedia) {
    microphone.value = "insecure";
    return;
  }
  if (microphone.value === "asking") return;
  if ((await permission()) === "granted") microphone.value = "ready";
  else end(await real());
  await listDevices();
}

/** A stream with one track: the microphone's, or a silent one, so that whoever has none still hears the caller. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) {
    microphone.value = "insecure";
    return silent();
  }
  const stream = await real();
  void listDevices();
  return stream ?? silent();
}

export function end(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export async function listDevices(): Promise<void> {
  const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  microphones.value = named(found, "audioinput");
  speakers.value = "setSinkId" in HTMLMediaElement.prototype ? named(found, "audiooutput") : [];
  // A browser that may not tell which there are still tells that there are some.
  const some = found.some(({ kind }) => kind === "audioinput");
  if (!some && microphone.value === "ready") microphone.value = "missing";
  else if (some && microphone.value === "missing") void prepareMicrophone();
}

async function real(): Promise<MediaStream | null> {
  const processed = processing.peek();
  const id = chosenMicrophone.peek();
  if (microphone.peek() !== "ready") microphone.value = "asking";
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        echoCancellation: processed,
        noiseSuppression: processed,
        autoGainControl: processed,
        // One that is not plugged in now is no reason to have none.
        ...(id === "" ? {} : { deviceId: { ideal: id } }),
      },
    });
    microphone.value = "ready";
    return stream;
  } catch (error) {
    microphone.value = reasonOf(error);
    return null;
  }
}

function silent(): MediaStream {
  return audioContext().createMediaStreamDestination().stream;
}

export function reasonOf(error: unknown): MicrophoneState {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

async function permission(): Promise<PermissionState> {
  try {
    return (await navigator.permissions.query({ name: "microphone" as PermissionName })).state;
  } catch {
    // Firefox does not know this name.
    return "prompt";
  }
}

/** The browser's own choice stands in the list by itself, as the empty one. */
function named(devices: readonly MediaDeviceInfo[], kind: MediaDeviceKind): Device[] {
  return devices
    .filter((each) => each.kind === kind && each.deviceId !== "" && each.deviceId !== "default")
    .map((each) => ({ id: each.deviceId, name: each.label }));
}
