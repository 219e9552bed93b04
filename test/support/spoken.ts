/** Sound for tests: words by espeak-ng, between silences, and noise from a seed. */
import { spawnSync } from "node:child_process";
import { random } from "../../src/random.ts";

export const HZ = 16_000;

const WORDS = ["-v", "en", "-s", "150", "--stdout"];
/** What espeak-ng writes, after a header that does not know its length. */
const [THEIR_HZ, HEADER] = [22_050, 44];

/** Whether the words can be spoken here. */
export function speaks(): boolean {
  return spawnSync("espeak-ng", ["--version"]).status === 0;
}

/** Words at 16 kHz, from -1 to 1, with so much silence before and after. */
export function spoken(words: string, { beforeMs = 1_000, afterMs = 1_000 } = {}): Float32Array {
  const { stdout } = spawnSync("espeak-ng", [...WORDS, words], { maxBuffer: 2 ** 26 });
  const theirs = new Int16Array(
    stdout.buffer.slice(stdout.byteOffset + HEADER, stdout.byteOffset + (stdout.length & ~1)),
  );
  const length = Math.floor((theirs.length * HZ) / THEIR_HZ);
  const [before, after] = [samples(beforeMs), samples(afterMs)];
  const sound = new Float32Array(before + length + after);
  for (let n = 0; n < length; n += 1) {
    const at = (n * THEIR_HZ) / HZ;
    const [left, part] = [Math.floor(at), at % 1];
    sound[before + n] = ((theirs[left] ?? 0) * (1 - part) + (theirs[left + 1] ?? 0) * part) / 32_768;
  }
  return sound;
}

export function noise(ms: number, loudness: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: samples(ms) }, () => loudness * (2 * next() - 1));
}

export function samples(ms: number): number {
  return (ms * HZ) / 1_000;
}

/** One after the other. */
export function joined(...sounds: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(sounds.reduce((length, sound) => length + sound.length, 0));
  let at = 0;
  for (const sound of sounds) {
    whole.set(sound, at);
    at += sound.length;
  }
  return whole;
}

/** As `s16le`. */
export function pcm(sound: Float32Array): Buffer {
  const samples = Int16Array.from(sound, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));
  return Buffer.from(samples.buffer);
}

/** A WAV file with one `fmt ` chunk of 16 bytes. */
export function wav(
  data: Uint8Array,
  { hz = HZ, tag = 1, bits = 16, channels = 1, dataLength = data.length } = {},
): Buffer {
  const head = Buffer.alloc(44);
  const block = (bits / 8) * channels;
  head.write("RIFF", 0);
  head.writeUInt32LE(Math.min(36 + dataLength, 0xffff_ffff), 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(tag, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(hz, 24);
  head.writeUInt32LE(hz * block, 28);
  head.writeUInt16LE(block, 32);
  head.writeUInt16LE(bits, 34);
  head.write("data", 36);
  head.writeUInt32LE(dataLength, 40);
  return Buffer.concat([head, data]);
}
