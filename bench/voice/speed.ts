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

/** So many streams, opened: hears all of their sound. */
type Opened = () => Promise<void>;

/** Streams that are heard before, for a second or as long as the others. */
const WARM_STREAMS = 16;

await measured(async ({ contender: name, streams, seconds }: SpeedOptions): Promise<Speed> => {
  const contender: Contender = CONTENDERS[name];
  const sound = talk(seconds, 1);
  const open = contender.ours === undefined ? await ofPeer(contender, sound) : ofOurs(contender.ours, sound);
  // The code is compiled, and what is loaded once is there.
  await open(Math.min(streams, WARM_STREAMS))();
  const memory = rss();
  const hear = open(streams);
  const before = process.cpuUsage();
  await hear();
  const { user, system } = process.cpuUsage(before);
  return { microseconds: (user + system) / (streams * seconds), bytes: (rss() - memory) / streams };
});

function rss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function ofPeer({ open, frameMs }: Contender, sound: Float32Array): Promise<(streams: number) => Opened> {
  const make = await open?.();
  if (make === undefined) throw new Error("It cannot hear.");
  const [frames, pcm] = [framesOf(sound, frameMs * 16), framesOf(pcmOf(sound), frameMs * 16)];
  return (streams) => {
    const ears = Array.from({ length: streams }, make);
    return async () => {
      for (const [n, frame] of frames.entries()) {
        const scores = await Promise.all(ears.map((ear) => ear.hear(frame, pcm[n] as Int16Array)));
        const [first = Number.NaN] = scores;
        if (!scores.every((score) => Math.abs(score - first) < 1e-4)) throw new Error("Streams disturb each other.");
      }
    };
  };
}

/** As a server has them: sound comes in frames, all streams share the pool, events are heard. */
function ofOurs(
  detector: "network" | "refined" | "gated" | "energy",
  sound: Float32Array,
): (streams: number) => Opened {
  const bytes = pcmOf(sound);
  const frames = framesOf(bytes, 512).map((frame) => new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
  return (streams) => {
    const events: VoiceEvent[][] = [];
    const voices = Array.from({ length: streams }, () => {
      const own: VoiceEvent[] = [];
      events.push(own);
      return new VoiceStream({ format: { sampleRate: 16_000 }, detector, onEvent: (event) => void own.push(event) });
    });
    return async () => {
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
    };
  };
}
