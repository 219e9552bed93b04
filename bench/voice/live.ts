/** In a process of its own: streams as they come from telephones, in real time, and how the event loop fares meanwhile. */
import { setTimeout } from "node:timers/promises";
import { VoiceStream } from "../../src/voice.ts";
import { measured } from "../support/isolated.ts";
import { costOf, type Percentiles, percentilesOf } from "../support/meter.ts";
import { pcmOf } from "./contenders.ts";
import { talk } from "./sound.ts";

export interface LiveOptions {
  /** 0: the same timers and copies, and nobody hears. */
  readonly streams: number;
  readonly detector: "network" | "refined";
  readonly seconds: number;
}

export interface Live {
  readonly delayMs: Percentiles;
  /** From handing in the packet that completes a frame until its event is heard. */
  readonly latencyMs: Percentiles;
  readonly cpuPercent: number;
}

const PACKET_MS = 20;

await measured(async ({ streams, detector, seconds }: LiveOptions): Promise<Live> => {
  const sound = pcmOf(talk(10, 1));
  const bytes = new Uint8Array(sound.buffer);
  const latencies: number[] = [];
  /** When the sound up to a millisecond was handed to the first stream. */
  const handed: number[] = [];
  const format = { sampleRate: 16_000 } as const;
  const voices = Array.from({ length: streams }, (_, n) => {
    return new VoiceStream({
      format,
      detector,
      // One is listened to closely.
      probabilities: n === 0,
      onEvent(event) {
        if (event.type !== "probability") return;
        const at = handed[Math.ceil(event.atMs / PACKET_MS) - 1];
        if (at !== undefined) latencies.push(performance.now() - at);
      },
    });
  });
  const length = PACKET_MS * 32;
  const packets = (seconds * 1_000) / PACKET_MS;
  const cost = await costOf(async () => {
    const start = performance.now();
    for (let packet = 0; packet < packets; packet += 1) {
      // Their packets come spread over the time of one.
      for (let part = 0; part < 4; part += 1) {
        const late = start + packet * PACKET_MS + (part * PACKET_MS) / 4 - performance.now();
        if (late > 0) await setTimeout(late);
        const at = (packet * length) % (bytes.length - length);
        if (part === 0) handed[packet] = performance.now();
        for (let n = part; n < voices.length; n += 4) voices[n]?.push(bytes.subarray(at, at + length));
      }
    }
  });
  await Promise.all(voices.map((voice) => voice.finish()));
  return {
    delayMs: cost.delayMs,
    latencyMs: percentilesOf(Float64Array.from(latencies)),
    cpuPercent: (100 * cost.cpuSeconds) / cost.seconds,
  };
});
