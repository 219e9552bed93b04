/** Explanations over the wire. */
import { expect, it } from "vitest";
import { openHouse } from "./harness.ts";

it("shows prompt, provider, calls and cost in the wire's names, and nothing of them where nothing was noted", async () => {
  const { runtime, send } = await openHouse();
  const usage = { inputTokens: 3, outputTokens: 5, cachedInputTokens: 2, reasoningTokens: 1 };
  const call = { provider: "cloud", model: "large", outcome: "answered", startedAt: 7, durationMs: 8 } as const;
  await runtime.enroll({ id: "quiet", name: "Quiet", model: "cloud:any", cognition: () => "ok" });
  await runtime.enroll({
    id: "ada",
    name: "Ada",
    cognition: (turn) => {
      turn.note({
        provider: "cloud",
        model: "large",
        costUsd: 0.5,
        calls: [{ ...call, status: 200, firstTokenMs: 6.5, finishReason: "stop", usage }],
        prompt: {
          parts: [{ name: "room", tokens: 0, leftOut: "one_speaker" }],
          history: { messages: 1, tokens: 2, oldest: "m", leftOut: [{ reason: "history_tokens", messages: 3 }] },
        },
      });
      return "ok";
    },
  });
  const explained = async (persona: string) => {
    const { body } = await send(`POST /v1/personas/${persona}/messages?wait=60`, { text: "hi" });
    return (await send(`GET /v1/explanations/${body.reply.id}`)).body;
  };
  const wireUsage = { input_tokens: 3, output_tokens: 5, cached_input_tokens: 2, reasoning_tokens: 1 };
  expect(await explained("ada")).toMatchObject({
    cognition: {
      kind: "provider",
      provider: "cloud",
      model: "large",
      calls: [
        {
          provider: "cloud",
          model: "large",
          outcome: "answered",
          status: 200,
          started_at: 7,
          first_token_ms: 6.5,
          duration_ms: 8,
          usage: wireUsage,
          finish_reason: "stop",
        },
      ],
      calls_left_out: 0,
    },
    prompt: {
      parts: [{ name: "room", tokens: 0, left_out: "one_speaker" }],
      history: { messages: 1, tokens: 2, oldest_id: "m", left_out: [{ reason: "history_tokens", messages: 3 }] },
    },
    cost: {
      usage: wireUsage,
      usd: 0.5,
      latency_ms: { prompt: expect.any(Number), first_token: expect.any(Number), cognition: expect.any(Number) },
    },
  });
  const quiet = await explained("quiet");
  expect(quiet.cognition).toEqual({ kind: "function", model: "cloud:any", calls: [], calls_left_out: 0, tools: [] });
  expect(quiet).not.toHaveProperty("prompt");
  expect(quiet.cost).not.toHaveProperty("usd");
});
