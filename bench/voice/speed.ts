/** In a process of its own, on one core: what a second of sound costs when so many streams are heard at once. */
import { setImmediate } from "node:timers/promises";
import { type VoiceEvent, VoiceStream } from "../../src/voice.ts";
import { measured } from "../support/isolated.ts";
import { CONTENDERS, type Contender, type ContenderName, framesOf, pcmOf } from "./contenders.ts";
import { talk } from "./sound.ts";

export interface SpeedOptions {
  readonly contender: ContenderName;
  readonly streams: number;
  /** Of sound, for each stream. */
  readonly seconds: number;
}

export interface Speed {
  /** Of the processor, all threads, for a second of sound. */
  readonly microseconds: number;
  /** Resident memory that a stream added, in bytes. */
  readonly bytes: number;
}

await measured(async ({ contender: name, streams, seconds }: SpeedOptions): Promise<Speed> => {
  const contender: Contender = CONTENDERS[name];
  const sound = talk(seconds, 1);
  const heard = contender.ours === undefined ? await ofPeer(contender, sound) : ofOurs(contender.ours, sound);
  // The code is compiled, and what is loaded once is there.
  await heard(1);
  const memory = rss();
  const { ended, most } = await timed(() => heard(streams));
  return { microseconds: ended / (streams * seconds), bytes: (most - memory) / streams };
});

async function timed(work: () => Promise<() => void>): Promise<{ ended: number; most: number }> {
  const before = process.cpuUsage();
  const letGo = await work();
  const { user, system } = process.cpuUsage(before);
  const most = rss();
  letGo();
  return { ended: user + system, most };
}

function rss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function ofPeer({ open, frameMs }: Contender, sound: Float32Array) {
  const make = await open?.();
  if (make === undefined) throw new Error("It cannot hear.");
  const [frames, pcm] = [framesOf(sound, frameMs * 16), framesOf(pcmOf(sound), frameMs * 16)];
  return async (streams: number) => {
    const ears = Array.from({ length: streams }, make);
    for (const [n, frame] of frames.entries()) {
      const scores = await Promise.all(ears.map((ear) => ear.hear(frame, pcm[n] as Int16Array)));
      const [first = Number.NaN] = scores;
      if (!scores.every((score) => Math.abs(score - first) < 1e-4)) throw new Error("Streams disturb each other.");
    }
    return () => ears.splice(0);
  };
}

/** As a server has them: sound comes in frames, all streams share the pool, events are heard. */
function ofOurs(detector: "network" | "refined" | "gated" | "energy", sound: Float32Array) {
  const bytes = pcmOf(sound);
  const frames = framesOf(bytes, 512).map((frame) => new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
  return async (streams: number) => {
    const events: VoiceEvent[][] = [];
    const voices = Array.from({ length: streams }, () => {
      const own: VoiceEvent[] = [];
      events.push(own);
      return new VoiceStream({ format: { sampleRate: 16_000 }, detector, onEvent: (event) => void own.push(event) });
    });
    for (const frame of frames) {
      for (const voice of voices) {
        const taken = voice.push(frame);
        if (taken < frame.length) await voice.write(frame.subarray(taken));
      }
      await setImmediate();
    }
    await Promise.all(voices.map((voice) => voice.finish()));
    const [first] = events.map((own) => JSON.stringify(own));
    if (!events.every((own) => JSON.stringify(own) === first)) throw new Error("Streams disturb each other.");
    return () => voices.splice(0);
  };
}
