import { describe, expect, it, test } from "vitest";
import { detectSpeech, readWav, SpeechDetector, type VoiceEvent } from "../../src/voice.ts";
import { needs } from "../support/needs.ts";
import { joined, noise, pcm, samples, spoken, wav } from "../support/spoken.ts";

needs("espeak");

const SENTENCE = spoken("Hello there, who are you?");
const sampleRate = 16_000;

test("speech is found where it is, in samples and in files alike", () => {
  const sound = joined(noise(500, 0.001, 1), SENTENCE, noise(2_000, 0.001, 2), SENTENCE);
  const segments = detectSpeech(sound, { sampleRate, minSilenceMs: 600 });
  const lengthMs = SENTENCE.length / 16;
  expect(segments).toHaveLength(2);
  for (const [n, { startMs, endMs }] of segments.entries()) {
    const wordsMs = 500 + 1_000 + n * (lengthMs + 2_000);
    expect(startMs).toBeGreaterThan(wordsMs - 50);
    expect(startMs).toBeLessThan(wordsMs + 200);
    expect(endMs).toBeGreaterThan(wordsMs + lengthMs - 2_000 - 400);
    expect(endMs).toBeLessThan(wordsMs + lengthMs - 2_000 + 150);
  }
  expect(detectSpeech(wav(pcm(sound)), { minSilenceMs: 600 })).toEqual(segments);
});

test("a pause at which a long turn is cut parts nothing", () => {
  const once = spoken("Hello there, who are you?", { beforeMs: 300, afterMs: 300 });
  const sound = joined(...Array.from({ length: 300 }, () => once));
  const whole = detectSpeech(sound, { sampleRate, minSilenceMs: 1_500, detector: "energy" });
  expect(sound.length / 16).toBeGreaterThan(600_000);
  expect(whole).toHaveLength(1);
});

test("silence and nothing hold no speech", () => {
  expect(detectSpeech(new Float32Array(), { sampleRate })).toEqual([]);
  expect(detectSpeech(new Float32Array(100_000), { sampleRate: 48_000 })).toEqual([]);
  expect(detectSpeech(wav(new Uint8Array()))).toEqual([]);
});

test("one channel of several is listened to", () => {
  const both = new Float32Array(2 * SENTENCE.length);
  SENTENCE.forEach((sample, n) => {
    both[2 * n + 1] = sample;
  });
  const file = wav(pcm(both), { channels: 2 });
  expect(detectSpeech(file)).toEqual([]);
  expect(detectSpeech(file, { channel: 1 })).toEqual(detectSpeech(SENTENCE, { sampleRate }));
  expect(() => detectSpeech(file, { channel: 2 })).toThrow(/channel: must be less than 2/);
});

describe("a WAV file", () => {
  const data = pcm(SENTENCE);
  const whole = wav(data);

  it("is a header and its samples", () => {
    const { format, data: found } = readWav(whole);
    expect(format).toEqual({ sampleRate, encoding: "s16le", channels: 1, channel: 0 });
    expect(Buffer.from(found)).toEqual(data);
  });

  it.each<[what: string, file: Uint8Array, code: string]>([
    ["is empty", new Uint8Array(), "wav_invalid"],
    ["is something else", Buffer.from("OggS and so on, and so on, and so on, and so on"), "wav_invalid"],
    ["ends in its header", whole.subarray(0, 30), "wav_truncated"],
    ["ends in its samples", whole.subarray(0, 10_000), "wav_truncated"],
    ["says it is longer", wav(data, { dataLength: data.length + 2 }), "wav_truncated"],
    ["has another rate", wav(data, { hz: 11_000 }), "wav_invalid"],
    ["is compressed", wav(data, { tag: 2 }), "wav_invalid"],
    ["has samples of 64 bits", wav(data, { tag: 3, bits: 64 }), "wav_invalid"],
    ["has too many channels", wav(data, { channels: 12 }), "wav_invalid"],
  ])("is refused with a code when it %s", (_, file, code) => {
    expect(() => readWav(file)).toThrow(expect.objectContaining({ code }));
    expect(() => detectSpeech(file)).toThrow(expect.objectContaining({ code }));
  });

  it("may have samples of another width, and a length that nobody knew", () => {
    const found = detectSpeech(whole);
    expect(found.length).toBeGreaterThan(0);
    const wider = (bytes: number) => {
      const file = Buffer.alloc((data.length / 2) * bytes);
      for (let n = 0; n < data.length / 2; n += 1) data.copy(file, (n + 1) * bytes - 2, 2 * n, 2 * n + 2);
      return wav(file, { bits: 8 * bytes });
    };
    for (const bytes of [3, 4]) expect(detectSpeech(wider(bytes))).toEqual(found);
    const coarse = Buffer.from(SENTENCE.map((sample) => 128 + Math.round(sample * 127)));
    expect(detectSpeech(wav(coarse, { bits: 8 }))[0]?.startMs).toBeCloseTo(found[0]?.startMs ?? 0, -2);
    for (const dataLength of [0, 0x7fff_f000, 0xffff_ffff]) {
      expect(detectSpeech(wav(data, { dataLength }))).toEqual(found);
    }
  });

  it.each([11_025, 12_000])("of %d Hz is heard as one of 8 000", (hz) => {
    const at = (rate: number) => {
      const sound = Float32Array.from({ length: (SENTENCE.length * rate) / sampleRate }, (_, n) => {
        const place = (n * sampleRate) / rate;
        const [left, part] = [Math.floor(place), place % 1];
        return (SENTENCE[left] ?? 0) * (1 - part) + (SENTENCE[left + 1] ?? 0) * part;
      });
      return detectSpeech(wav(pcm(sound), { hz: rate }), { minSilenceMs: 600 });
    };
    const [expected, found] = [at(8_000), at(hz)];
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0]?.startMs ?? 0) - (expected[0]?.startMs ?? 0))).toBeLessThan(100);
    expect(Math.abs((found[0]?.endMs ?? 0) - (expected[0]?.endMs ?? 0))).toBeLessThan(200);
    expect(new SpeechDetector({ format: { sampleRate: 11_025 } }).rate).toBe(8_000);
  });

  it("lies about its bytes per second at nobody's cost", () => {
    const lying = Buffer.from(whole);
    lying.writeUInt32LE(7, 28);
    expect(readWav(lying).format.sampleRate).toBe(sampleRate);
    lying.writeUInt16LE(7, 32);
    expect(() => readWav(lying)).toThrow(expect.objectContaining({ code: "wav_invalid" }));
  });
});

test("sudden noise is no turn", () => {
  const hush = noise(1_000, 0.0005, 1);
  const sound = joined(hush, noise(250, 0.3, 2), hush, noise(2_000, 0.1, 3), hush, noise(112, 0.2, 4), hush);
  const detector = new SpeechDetector({ format: { sampleRate, encoding: "f32" } });
  const events: VoiceEvent[] = [];
  detector.process(sound, events);
  detector.finish(events);
  expect(events.filter(({ type }) => type !== "misfire")).toEqual([]);
});

test("the synchronous form appends to the caller's array, takes words, and ends", () => {
  const detector = new SpeechDetector({ format: { sampleRate, encoding: "f32" }, probabilities: true });
  const events: VoiceEvent[] = [];
  detector.process(SENTENCE.subarray(0, samples(1_600)), events);
  expect(events.filter(({ type }) => type === "probability")).toHaveLength(200);
  detector.control({ type: "end_turn" }, events);
  expect(events.at(-1)).toMatchObject({ type: "turn_end", reason: "told", knownAtMs: 1_600 });
  expect(detector.audio(1_000, 1_600)).toHaveLength(samples(600));
  detector.finish(events);
  expect(() => detector.process(SENTENCE, events)).toThrow(expect.objectContaining({ code: "voice_closed" }));
  expect(detector.audio(1_000, 1_600)).toHaveLength(samples(600));
  detector.close();
  expect(() => detector.audio(0, 1)).toThrow(expect.objectContaining({ code: "voice_closed" }));
});
