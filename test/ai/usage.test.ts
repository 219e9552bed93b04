import { expect, test } from "vitest";
import { say, type Used } from "../support/model-server.ts";
import { at, openModels, openServer, type PROTOCOLS } from "./harness.ts";

/** What the explanation says that was used, when a provider says this. */
async function believed(used: Used | undefined, kind: (typeof PROTOCOLS)[number] = "openai-compatible") {
  const server = await openServer(say(["Yes."], { used }));
  const { runtime } = await openModels({ local: at(server, kind) });
  const reply = await runtime.send("ada", "Hello", { from: "user:7" });
  expect(reply.text).toBe("Yes.");
  return (await runtime.explain(reply.id)).cost.usage;
}

test.each([
  ["openai-compatible", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5, reasoningTokens: 3 }],
  ["google", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5, reasoningTokens: 3 }],
  ["anthropic", { inputTokens: 12, outputTokens: 9, cachedInputTokens: 5 }],
] as const)("%s: what was used is reported, with what was cached and what was thought", async (kind, expected) => {
  expect(await believed({ input: 12, output: 9, cached: 5, reasoning: 3 }, kind)).toMatchObject(expected);
});

test.each([
  ["nothing", undefined],
  ["less than nothing", { input: -5, output: 3 }],
  ["parts of tokens", { input: 1.5, output: 3 }],
  ["more than there are", { input: 1e15, output: 3 }],
  ["that nothing was used at all", { input: 0, output: 0 }],
])("a provider that says %s is not believed, and its answer counts", async (_name, used) => {
  expect(await believed(used)).toBeUndefined();
});

test.each([
  [{ cached: 99 }, { inputTokens: 10, outputTokens: 5, reasoningTokens: 0 }],
  [{ cached: -1 }, { inputTokens: 10, outputTokens: 5, reasoningTokens: 0 }],
  [{ reasoning: 99 }, { inputTokens: 10, outputTokens: 5, cachedInputTokens: 0 }],
])("of parts that are more than the whole nothing is kept: %o", async (lie, expected) => {
  expect(await believed({ input: 10, output: 5, ...lie })).toEqual(expected);
});

test("what is no number at all is an answer that cannot be read", async () => {
  const server = await openServer(say(["Yes."], { used: { input: "many" as unknown as number, output: 1 } }));
  const { runtime } = await openModels({ local: at(server) });
  runtime.send("ada", "Hello", { from: "user:7" }).then(
    () => {},
    () => {},
  );
  await expect.poll(() => runtime.fleet().retried).toBe(1);
  expect(runtime.fleet().providers).toMatchObject([{ failed: 1 }]);
});
