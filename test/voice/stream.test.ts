import { describe, expect, it, onTestFinished, test } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import {
  type PersonaError,
  SpeechDetector,
  type VoiceEvent,
  VoiceStream,
  type VoiceStreamOptions,
} from "../../src/voice.ts";
import { needs } from "../support/needs.ts";
import { joined, noise, pcm, samples, spoken } from "../support/spoken.ts";

needs("espeak");

const FORMAT = { sampleRate: 16_000 } as const;
const SENTENCE = spoken("I would like to book a table for two, please.");

function listen(options: Partial<VoiceStreamOptions> = {}) {
  const events: VoiceEvent[] = [];
  const stream = new VoiceStream({ format: FORMAT, onEvent: (event) => events.push(event), ...options });
  onTestFinished(() => stream.close());
  return { stream, events };
}

/** In pieces of these sizes, again and again; after the first 1 000, of 20 ms. */
function* cut(bytes: Uint8Array, ...sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = (n < 1_000 && sizes[n % sizes.length]) || 640;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const types = (events: readonly VoiceEvent[]) => events.map(({ type }) => type);

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as PersonaError).code;
  }
  return "nothing";
};

describe("a turn", () => {
  it("is told with its times, and its sound can be had", async () => {
    const { stream, events } = listen();
    const sound = pcm(SENTENCE);
    let heard: Int16Array | undefined;
    const told: VoiceEvent[] = [];
    const again = listen({
      onEvent: (event) => {
        told.push(event);
        if (event.type === "turn_end") heard = again.stream.audio(event.soundFromMs, event.atMs);
      },
    });
    await Promise.all([stream, again.stream].map((each) => each.write(sound).then(() => each.finish())));
    expect(types(events)).toEqual(["speech_start", "speech_end", "turn_end"]);
    expect(told).toEqual(events);
    const [start, , end] = events as [
      VoiceEvent & { type: "speech_start" },
      VoiceEvent,
      VoiceEvent & { type: "turn_end" },
    ];
    const overMs = SENTENCE.length / 16 - 1_000;
    // The words themselves begin and end in silence of espeak-ng's own.
    expect(start.atMs).toBeGreaterThanOrEqual(968);
    expect(start.atMs).toBeLessThan(1_200);
    expect(start.soundFromMs).toBe(start.atMs - 300);
    expect(end).toMatchObject({ soundFromMs: start.soundFromMs, reason: "silence" });
    expect(end.atMs).toBeGreaterThan(overMs - 400);
    expect(end.atMs).toBeLessThanOrEqual(overMs + 100);
    const [from, to] = [samples(end.soundFromMs), samples(end.atMs)];
    expect(heard).toEqual(new Int16Array(sound.buffer, sound.byteOffset + 2 * from, to - from));
  });

  it("is an interruption while the persona speaks, and is taken back when nothing follows", async () => {
    const { stream, events } = listen();
    stream.control({ type: "stance", stance: "speaking" });
    await stream.write(pcm(spoken("Wait a moment", { afterMs: 4_000 })));
    await stream.finish();
    expect(types(events)).toEqual(["speech_start", "interrupt", "speech_end", "interrupt_retracted"]);
    expect(events[1]).toMatchObject({ stance: "speaking" });
  });

  it("stands when words were understood in it", async () => {
    const events: VoiceEvent[] = [];
    const stream: VoiceStream = new VoiceStream({
      format: FORMAT,
      turn: { recoveryMs: 4_000 },
      onEvent: (event) => {
        events.push(event);
        if (event.type === "interrupt") stream.control({ type: "confirm" });
      },
    });
    stream.control({ type: "stance", stance: "speaking" });
    // Two seconds at most wait to be computed, so that the word comes before the silence is long enough.
    for (const piece of cut(pcm(spoken("Wait a moment", { afterMs: 6_000 })), 640)) await stream.write(piece);
    await stream.finish();
    expect(types(events)).toEqual(["speech_start", "interrupt", "speech_end", "turn_end"]);
  });

  it("waits for a judge, and ends when that finds it complete", async () => {
    const events: VoiceEvent[] = [];
    const stream: VoiceStream = new VoiceStream({
      format: FORMAT,
      turn: { eagerness: "low" },
      onEvent: (event) => {
        events.push(event);
        if (event.type === "speech_end") stream.control({ type: "complete", pausedAtMs: event.atMs });
      },
    });
    // The pause is known before the last two seconds are given.
    for (const piece of cut(pcm(joined(SENTENCE, noise(3_000, 0, 1))), 640)) await stream.write(piece);
    await stream.finish();
    expect(events.at(-1)).toMatchObject({ type: "turn_end", reason: "complete" });
  });

  it("ends where a control says so, wherever the threads are", async () => {
    const ends: unknown[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { stream, events } = listen();
      await stream.write(pcm(SENTENCE.subarray(0, samples(2_000))));
      stream.control({ type: "end_turn" });
      await stream.finish();
      ends.push(events.at(-1));
    }
    expect(ends[0]).toMatchObject({ type: "turn_end", reason: "told", knownAtMs: 2_000 });
    expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
  });
});

test("neither company nor the cutting of bytes changes an event, and the synchronous form tells the same", async () => {
  const sound = pcm(joined(SENTENCE, noise(700, 0.01, 1), SENTENCE.subarray(8_000)));
  const [probabilities, expected] = [true, [] as VoiceEvent[]];
  const detector = new SpeechDetector({ format: FORMAT, probabilities });
  detector.process(sound, expected);
  detector.finish(expected);
  const hiss = pcm(noise(1_000, 0.3, 2));
  const others = Array.from({ length: 100 }, (_, n) => {
    const { stream } = listen(n % 2 === 0 ? {} : { format: { sampleRate: 8_000, encoding: "mulaw" } });
    return stream.write(hiss).then(() => stream.finish());
  });
  const cuts = [[1], [3, 5, 7], [640], [1_021, 1], [sound.length]];
  const all = cuts.map(async (sizes) => {
    const { stream, events } = listen({ probabilities });
    for (const piece of cut(sound, ...sizes)) {
      const taken = stream.push(piece);
      if (taken < piece.length) await stream.write(piece.subarray(taken));
    }
    await stream.finish();
    return events;
  });
  for (const events of await Promise.all(all)) expect(events).toEqual(expected);
  await Promise.all(others);
  expect(expected.filter(({ type }) => type === "probability")).toHaveLength(Math.floor(sound.length / 256));
});

test("probabilities are told for each frame, when it is known", async () => {
  for (const [detector, frameMs] of [
    ["refined", 8],
    ["network", 32],
    ["gated", 8],
    ["energy", 32],
  ] as const) {
    const { stream, events } = listen({ detector, probabilities: true });
    await stream.write(pcm(SENTENCE));
    await stream.finish();
    const told = events.filter((event) => event.type === "probability");
    expect(stream.frameMs).toBe(frameMs);
    expect(told.map(({ atMs }) => atMs)).toEqual(told.map((_, n) => (n + 1) * frameMs));
    const within = (fromMs: number, toMs: number) => told.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
    const most = (part: typeof told) => Math.max(...part.map(({ probability }) => probability));
    expect(most(within(0, 900)), detector).toBeLessThan(0.35);
    expect(most(within(1_000, 2_500)), detector).toBeGreaterThan(0.7);
  }
});

describe("room", () => {
  it("is bounded: a push takes a second at most, a write waits", async () => {
    const { stream } = listen({ format: { sampleRate: 8_000, encoding: "alaw" } });
    expect(stream.rate).toBe(8_000);
    expect(stream.push(new Uint8Array(8_000_000).fill(0xd5))).toBe(8_000);
    await stream.write(new Uint8Array(80_000).fill(0xd5));
    await stream.finish();
  });

  it("takes nothing of nothing", () => {
    expect(listen().stream.push(new Uint8Array())).toBe(0);
  });
});

describe("sound at fault", () => {
  it("is mended and told of", async () => {
    const sound = SENTENCE.slice();
    sound[5_000] = Number.NaN;
    sound[6_000] = Number.POSITIVE_INFINITY;
    const { stream, events } = listen({ format: { sampleRate: 16_000, encoding: "f32" } });
    await stream.write(new Uint8Array(sound.buffer));
    await stream.write(new Uint8Array(3));
    await stream.finish();
    const damaged = events.filter(({ type }) => type === "damaged");
    expect(damaged).toEqual([
      { type: "damaged", atMs: 320, what: "not_finite" },
      { type: "damaged", atMs: 376, what: "not_finite" },
      { type: "damaged", atMs: expect.any(Number), what: "half_sample" },
    ]);
    expect(types(events)).toContain("turn_end");
  });
});

it("refuses controls while a thousand wait, and takes them again", async () => {
  const others = Array.from({ length: 100 }, () => listen());
  const { stream } = listen();
  const second = new Uint8Array(32_000);
  const tellMany = () => {
    for (const each of [...others, { stream }]) each.stream.push(second);
    // They wait for the sound before them, and that for the sound of the others.
    for (let n = 0; n < 5_000; n += 1) stream.control({ type: "confirm" });
  };
  let code = "nothing";
  while (code === "nothing") code = codeOf(tellMany);
  expect(code).toBe("voice_busy");
  await stream.write(new Uint8Array(2 * second.length));
  stream.control({ type: "confirm" });
  await stream.finish();
});

describe("an end", () => {
  it("lets nothing in after it", async () => {
    const { stream } = listen();
    await stream.finish();
    for (const call of [
      () => stream.push(new Uint8Array(2)),
      () => stream.control({ type: "confirm" }),
      () => stream.audio(0, 1),
    ]) {
      expect(codeOf(call)).toBe("voice_closed");
    }
    await expect(stream.write(new Uint8Array(2))).rejects.toMatchObject({ code: "voice_closed" });
    await stream.finish();
    stream.close();
  });

  it("may come while it is computed: nothing is told any more, what waits is rejected, and others go on", async () => {
    const other = listen();
    const sound = pcm(joined(SENTENCE, SENTENCE));
    const closing = Array.from({ length: 20 }, () => {
      const { stream, events } = listen({ probabilities: true });
      const written = stream.write(sound);
      const finished = stream.finish();
      stream.close();
      return { written, finished, events };
    });
    for (const { written, finished } of closing) {
      await expect(written).rejects.toMatchObject({ code: "voice_closed" });
      await expect(finished).rejects.toMatchObject({ code: "voice_closed" });
    }
    await other.stream.write(pcm(SENTENCE));
    await other.stream.finish();
    expect(types(other.events)).toContain("turn_end");
    expect(closing.flatMap(({ events }) => events)).toEqual([]);
  });

  it("does not leave those behind whose news come after those of the closed", async () => {
    const closing = Array.from({ length: 20 }, () => listen({ probabilities: true }).stream);
    for (const stream of closing) stream.push(pcm(noise(1_000, 0.001, 1)));
    // Until the threads have come to the end, which nobody has read of yet.
    for (const stream of closing) while (codeOf(() => stream.audio(990, 992)) === "sound_gone");
    for (const stream of closing) stream.close();
    const { stream, events } = listen();
    await stream.write(pcm(SENTENCE));
    await stream.finish();
    expect(types(events)).toContain("turn_end");
  });

  it("closes the open turn", async () => {
    const { stream, events } = listen();
    await stream.write(pcm(SENTENCE.subarray(0, samples(2_000))));
    await Promise.all([stream.finish(), stream.finish()]);
    expect(events.at(-1)).toMatchObject({ type: "turn_end", reason: "closed" });
  });
});

test("sound that was not kept, or not heard yet, is gone", async () => {
  const { stream, events } = listen();
  await stream.write(pcm(noise(3_000, 0.001, 1)));
  expect(codeOf(() => stream.audio(3_000, 4_000))).toBe("sound_gone");
  expect(codeOf(() => stream.audio(0, Number.NaN))).toBe("invalid_input");
  expect(codeOf(() => stream.audio(2, 1))).toBe("invalid_input");
  await stream.finish();
  expect(events).toEqual([]);
});

test("sound that does not come is told of once, by the clock", async () => {
  const clock = new ManualClock();
  const told: VoiceEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const { stream } = listen({
    clock,
    turn: { noAudioTimeoutMs: 1_000 },
    onEvent: (event) => {
      told.push(event);
      wake.resolve();
    },
  });
  clock.advance(900);
  stream.push(pcm(noise(100, 0, 1)));
  clock.advance(900);
  stream.push(pcm(noise(100, 0, 1)));
  clock.advance(5_000);
  await wake.promise;
  wake = Promise.withResolvers();
  stream.push(pcm(noise(100, 0, 1)));
  clock.advance(1_000);
  await wake.promise;
  await stream.finish();
  expect(told.map((event) => event.type === "timeout" && event.what)).toEqual(["no_audio", "no_audio"]);
});
