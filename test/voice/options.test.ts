import { describe, expect, it, test } from "vitest";
import { loadAddon } from "../../src/addon.ts";
import { packTurn } from "../../src/voice/resolve.ts";
import {
  detectSpeech,
  PersonaError,
  resolveTurnOptions,
  SpeechDetector,
  type TurnOptions,
  VoiceStream,
} from "../../src/voice.ts";

const onEvent = () => {};

/** The fields that an error names. */
function faults(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof PersonaError && error.code === "invalid_input") return error.fields.map(({ field }) => field);
    throw error;
  }
  return [];
}

test.each<[field: string, options: unknown]>([
  ["format", {}],
  ["format.sampleRate", { format: { sampleRate: 22_051 } }],
  ["format.sampleRate", { format: { sampleRate: "16000" } }],
  ["format.encoding", { format: { sampleRate: 8_000, encoding: "opus" } }],
  ["format.channels", { format: { sampleRate: 8_000, channels: 9 } }],
  ["format.channel", { format: { sampleRate: 8_000, channels: 2, channel: 2 } }],
  ["format.volume", { format: { sampleRate: 8_000, volume: 3 } }],
  ["detector", { format: { sampleRate: 8_000 }, detector: "best" }],
  ["turn.listening.threshold", { format: { sampleRate: 8_000 }, turn: { listening: { threshold: 1.5 } } }],
  ["turn.maxTurnMs", { format: { sampleRate: 8_000 }, turn: { maxTurnMs: 10 } }],
  ["turn.eagerness", { format: { sampleRate: 8_000 }, turn: { eagerness: "auto" } }],
  ["turn.speaking.exitThreshold", { format: { sampleRate: 8_000 }, turn: { speaking: { exitThreshold: 0.8 } } }],
])("%s is named when it is wrong: %o", (field, options) => {
  expect(faults(() => new VoiceStream({ onEvent, ...(options as { format: { sampleRate: 8_000 } }) }))).toEqual([
    field,
  ]);
  expect(faults(() => new SpeechDetector(options as { format: { sampleRate: 8_000 } }))).toEqual([field]);
});

test("an exit threshold above its threshold is named as the caller wrote it", () => {
  const speaking = { exitThreshold: 0.8 };
  expect(faults(() => resolveTurnOptions({ speaking }))).toEqual(["speaking.exitThreshold"]);
  for (const options of [{ exitThreshold: 0.51 }, { threshold: 0.3, exitThreshold: 0.4 }]) {
    expect(faults(() => detectSpeech(new Float32Array(8), { sampleRate: 8_000, ...options }))).toEqual([
      "exitThreshold",
    ]);
  }
  expect(detectSpeech(new Float32Array(8), { sampleRate: 8_000, exitThreshold: 0.5 })).toEqual([]);
});

test("a listener must be a function, and sound must be bytes", () => {
  const format = { sampleRate: 8_000 } as const;
  expect(faults(() => new VoiceStream({ format } as never))).toEqual(["onEvent"]);
  const stream = new VoiceStream({ format, onEvent });
  expect(faults(() => stream.push("sound" as never))).toEqual(["bytes"]);
  expect(faults(() => stream.control({ type: "shout" } as never))).toEqual(["type"]);
  expect(faults(() => stream.control({ type: "stance", stance: "dancing" } as never))).toEqual(["stance"]);
  stream.close();
  const detector = new SpeechDetector({ format });
  expect(faults(() => detector.process(new Float32Array(8), []))).toEqual(["sound"]);
  expect(faults(() => detectSpeech(new Float32Array(8)))).toEqual(["sampleRate"]);
});

describe("turn options", () => {
  it("have the defaults that are documented", () => {
    const listening = { threshold: 0.5, exitThreshold: 0.35, minSpeechMs: 96, minSilenceMs: 500, interruptMs: 300 };
    expect(resolveTurnOptions()).toEqual({
      listening,
      thinking: listening,
      speaking: { threshold: 0.6, exitThreshold: 0.45, minSpeechMs: 192, minSilenceMs: 500, interruptMs: 500 },
      prefixPaddingMs: 300,
      maxTurnMs: 60_000,
      patienceMs: null,
      backchannelMs: 1_000,
      recoveryMs: 2_000,
      idleTimeoutMs: null,
      noAudioTimeoutMs: null,
    });
  });

  it("know what low, medium and high mean; what is given by itself wins", () => {
    const { listening, speaking, patienceMs } = resolveTurnOptions({
      startSensitivity: "low",
      endSensitivity: "high",
      eagerness: "high",
    });
    expect(listening).toMatchObject({ threshold: 0.7, exitThreshold: 0.55, minSpeechMs: 250, minSilenceMs: 250 });
    expect(speaking).toMatchObject({ threshold: 0.7, minSpeechMs: 250, minSilenceMs: 250 });
    expect(patienceMs).toBe(2_000);
    const high = resolveTurnOptions({
      startSensitivity: "high",
      eagerness: "low",
      patienceMs: 100,
      listening: { minSpeechMs: 10 },
    });
    expect(high.listening).toMatchObject({ threshold: 0.35, minSpeechMs: 10 });
    expect(high.speaking).toMatchObject({ threshold: 0.6, minSpeechMs: 192 });
    expect(high.patienceMs).toBe(100);
  });

  it("resolve to themselves", () => {
    const given: TurnOptions = {
      thinking: { threshold: 0.9, interruptMs: null },
      recoveryMs: null,
      idleTimeoutMs: 700,
    };
    const settings = resolveTurnOptions(given);
    expect(resolveTurnOptions(settings)).toEqual(settings);
  });

  /** Every bound of the schema is that of the crate: what the one takes, the other takes, and one step beyond neither. */
  it.each<[path: string, least: number, most: number, step: number]>([
    ["listening.threshold", 0.01, 0.99, 0.001],
    ["listening.minSpeechMs", 0, 5_000, 1],
    ["listening.minSilenceMs", 32, 10_000, 1],
    ["speaking.interruptMs", 0, 10_000, 1],
    ["prefixPaddingMs", 0, 5_000, 1],
    ["maxTurnMs", 1_000, 600_000, 1],
    ["patienceMs", 0, 60_000, 1],
    ["backchannelMs", 0, 10_000, 1],
    ["recoveryMs", 0, 60_000, 1],
    ["idleTimeoutMs", 100, 3_600_000, 1],
    ["noAudioTimeoutMs", 100, 3_600_000, 1],
  ])("%s goes from %d to %d on both sides", (path, least, most, step) => {
    const [outer = "", inner] = path.split(".");
    const exit = path.endsWith("threshold") ? { exitThreshold: 0.01 } : {};
    const options = (value: number) => (inner ? { [outer]: { ...exit, [inner]: value } } : { [outer]: value });
    const native = (value: number) => {
      const settings = structuredClone(resolveTurnOptions(options(least))) as never as Record<string, unknown>;
      if (inner) Object.assign(settings[outer] as object, { [inner]: value });
      else settings[outer] = value;
      loadAddon().speechCreate(0, Float64Array.of(16_000, 0, 1, 0), packTurn(settings as never), false);
    };
    for (const value of [least, most]) {
      expect(faults(() => resolveTurnOptions(options(value)))).toEqual([]);
      native(value);
    }
    for (const value of [least - step, most + step]) {
      expect(faults(() => resolveTurnOptions(options(value)))).toEqual([path]);
      expect(() => native(value)).toThrow();
    }
  });
});
