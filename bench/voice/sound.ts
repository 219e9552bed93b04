/** Sound for what is only timed: something like syllables, pauses and noise, from a seed. The work is nearly the same for all sound. */
import { random } from "../../src/random.ts";

const HZ = 16_000;

export function talk(seconds: number, seed: number): Float32Array {
  const next = random(seed);
  const sound = new Float32Array(seconds * HZ);
  let voiced = false;
  let until = 0;
  let pitch = 120;
  for (let n = 0; n < sound.length; n += 1) {
    if (n >= until) {
      voiced = !voiced || next() < 0.6;
      pitch = 90 + 120 * next();
      until = n + HZ * (voiced ? 0.1 + 0.2 * next() : 0.2 + next());
    }
    const phase = (2 * Math.PI * pitch * n) / HZ;
    const voice = voiced ? 0.2 * Math.sin(phase) + 0.1 * Math.sin(5 * phase) + 0.05 * Math.sin(13 * phase) : 0;
    sound[n] = voice + 0.01 * (2 * next() - 1);
  }
  return sound;
}
