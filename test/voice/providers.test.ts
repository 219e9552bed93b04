import { expect, test } from "vitest";
import {
  fromAutomaticActivityDetection,
  fromSemanticVad,
  fromServerVad,
  resolveTurnOptions,
  VoiceStream,
} from "../../src/voice.ts";

test("server_vad", () => {
  const { turn, notHonoured } = fromServerVad({
    type: "server_vad",
    threshold: 0.4,
    prefix_padding_ms: 200,
    silence_duration_ms: 700,
    idle_timeout_ms: 6_000,
    create_response: false,
    interrupt_response: false,
  });
  const settings = resolveTurnOptions(turn);
  expect(settings).toMatchObject({ prefixPaddingMs: 200, idleTimeoutMs: 6_000, patienceMs: null });
  for (const profile of [settings.listening, settings.thinking, settings.speaking]) {
    expect(profile).toMatchObject({ threshold: 0.4, exitThreshold: 0.25, minSilenceMs: 700 });
  }
  expect([settings.thinking.interruptMs, settings.speaking.interruptMs]).toEqual([null, null]);
  expect(notHonoured).toEqual(["create_response"]);
});

test("what server_vad leaves out, and its bounds", () => {
  const { turn, notHonoured } = fromServerVad({ create_response: true, interrupt_response: true });
  expect(resolveTurnOptions(turn)).toEqual(resolveTurnOptions());
  expect(notHonoured).toEqual([]);
  expect(resolveTurnOptions(fromServerVad({ threshold: 0 }).turn).speaking.threshold).toBe(0.01);
  expect(resolveTurnOptions(fromServerVad({ threshold: 1 }).turn).listening.threshold).toBe(0.99);
  expect(resolveTurnOptions(fromServerVad({ idle_timeout_ms: null }).turn).idleTimeoutMs).toBeNull();
});

test.each([
  ["low", 8_000],
  ["medium", 4_000],
  ["high", 2_000],
  ["auto", 4_000],
] as const)("semantic_vad with eagerness %s waits for %i ms", (eagerness, patienceMs) => {
  const { turn } = fromSemanticVad({ type: "semantic_vad", eagerness, interrupt_response: false });
  expect(resolveTurnOptions(turn)).toMatchObject({ patienceMs, speaking: { interruptMs: null } });
});

test("automaticActivityDetection", () => {
  const low = fromAutomaticActivityDetection({
    startOfSpeechSensitivity: "START_SENSITIVITY_LOW",
    endOfSpeechSensitivity: "END_SENSITIVITY_LOW",
  });
  expect(resolveTurnOptions(low.turn).listening).toMatchObject({ threshold: 0.7, minSpeechMs: 250, minSilenceMs: 800 });
  // Unspecified is high, and what is given in milliseconds wins.
  const high = fromAutomaticActivityDetection({
    startOfSpeechSensitivity: "START_SENSITIVITY_UNSPECIFIED",
    prefixPaddingMs: 20,
    silenceDurationMs: 100,
    disabled: true,
  });
  expect(resolveTurnOptions(high.turn).listening).toMatchObject({
    threshold: 0.35,
    minSpeechMs: 20,
    minSilenceMs: 100,
  });
  expect(high.notHonoured).toEqual(["disabled"]);
});

test.each<[field: string, call: () => unknown]>([
  ["threshold", () => fromServerVad({ threshold: 1.1 })],
  ["silence_duration_ms", () => fromServerVad({ silence_duration_ms: 10 })],
  ["idle_timeout_ms", () => fromServerVad({ idle_timeout_ms: 1 })],
  ["type", () => fromServerVad({ type: "semantic_vad" } as never)],
  ["eagerness", () => fromSemanticVad({ eagerness: "very" } as never)],
  ["startOfSpeechSensitivity", () => fromAutomaticActivityDetection({ startOfSpeechSensitivity: "HIGH" } as never)],
  ["silence_duration_ms", () => fromAutomaticActivityDetection({ silence_duration_ms: 500 } as never)],
])("%s is named in the provider's words when it is wrong", (field, call) => {
  expect(call).toThrow(
    expect.objectContaining({ code: "invalid_input", fields: [expect.objectContaining({ field })] }),
  );
});

test("a stream opens with them", () => {
  const { turn } = fromServerVad({ threshold: 0.3 });
  new VoiceStream({ format: { sampleRate: 24_000 }, turn, onEvent: () => {} }).close();
});
