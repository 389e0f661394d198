/** The ringing: two soft notes, made here, so that no sound file is needed. */
import { play, sendTo } from "./audio";

const RATE = 16_000;
const SECONDS = 3;
/** When each note begins, how long it is, and its Hz. */
const NOTES: readonly (readonly [number, number, number])[] = [
  [0.0, 0.35, 659.3],
  [0.3, 0.5, 523.3],
  [0.9, 0.35, 659.3],
  [1.2, 0.6, 523.3],
];

let sound: HTMLAudioElement | null = null;
let stop: (() => void) | null = null;

/** `volume`: softer where somebody talks already. */
export function ring(device: string, volume = 1): void {
  if (stop !== null) return;
  if (sound === null) {
    sound = new Audio(URL.createObjectURL(new Blob([wav(melody())], { type: "audio/wav" })));
    sound.loop = true;
  }
  sound.currentTime = 0;
  sound.volume = volume;
  void sendTo(sound, device);
  stop = play(sound);
}

export function silence(): void {
  stop?.();
  stop = null;
}

/** For the choice of the output: the ringing once. */
export function tryOut(device: string): void {
  if (stop !== null) return;
  ring(device);
  setTimeout(silence, SECONDS * 1000);
}

function melody(): Float32Array {
  const samples = new Float32Array(RATE * SECONDS);
  for (const [begin, length, hertz] of NOTES) {
    for (let n = 0; n < length * RATE; n++) {
      const time = n / RATE;
      // Struck and fading, with a little of the octave.
      const loud = 0.35 * Math.min(1, time / 0.01) * Math.exp(-4 * time);
      const at = Math.round(begin * RATE) + n;
      const tone = Math.sin(2 * Math.PI * hertz * time) + 0.3 * Math.sin(4 * Math.PI * hertz * time);
      samples[at] = (samples[at] ?? 0) + loud * tone;
    }
  }
  return samples;
}

/** 16-bit PCM in a RIFF file. */
function wav(samples: Float32Array): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, word: string) => [...word].forEach((c, n) => bytes.setUint8(at + n, c.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, RATE, true);
  bytes.setUint32(28, RATE * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, n) => bytes.setInt16(44 + n * 2, Math.max(-1, Math.min(1, sample)) * 32767, true));
  return bytes.buffer;
}
