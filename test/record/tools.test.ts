import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as z from "zod";
import { providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, defineTool, replay } from "../../src/index.ts";
import type { Tool } from "../../src/types.ts";
import { at, openServer, PROTOCOLS } from "../ai/harness.ts";
import { outcomeOf, pass } from "../runtime/harness.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { until } from "../support/event-loop.ts";
import { breakOff, type Responder, say } from "../support/model-server.ts";

const adder = (off: number): Tool =>
  defineTool({
    name: "add",
    description: "Adds two numbers.",
    parameters: z.strictObject({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => ({ sum: a + b + off }),
  });

it.each(PROTOCOLS)("replays tools and budgets, of a model that speaks %s", async (kind) => {
  const calls = [{ id: "call-1", name: "add", input: { a: 2, b: 2 } }];
  const answers = [say(["Let me see. "], { calls }), say(["Four."])];
  const respond: Responder = (request, response) => answers.shift()?.(request, response);
  const server = await openServer(respond);
  const file = join(tempFolder(), "turns.jsonl");
  const clock = new ManualClock();
  const models = await providers({ local: at(server, kind) }, { clock, seed: 1 });
  const budgets = { fleet: { tokens: 1_000_000 } };
  const tools = [adder(0)];
  const runtime = await createRuntime({ store: "memory", clock, providers: models, tools, budgets, record: file });
  await runtime.enroll({ id: "ada", name: "Ada", model: "local:m", settings: { tools: ["add"] } });
  const reply = await runtime.send("ada", "What is 2 + 2?", { from: "user:7" });
  expect(reply.text).toContain("Four.");
  await runtime.close();
  await server.close();

  expect(await replay(file)).toMatchObject({ turns: 1, identical: 1, difference: undefined });
  expect(await replay(file, { tools: [adder(0) as never] })).toMatchObject({ identical: 1 });
  const { difference } = await replay(file, { tools: [adder(1) as never] });
  expect(difference).toMatchObject({ path: "heard.tools.add[0].value.sum", expected: "4", actual: "5" });
});

it("ends a turn at its deadline where the recording ends, with what was said until then", async () => {
  const server = await openServer(breakOff(["Well, "], "hang"));
  const file = join(tempFolder(), "turns.jsonl");
  const clock = new ManualClock();
  const models = await providers({ local: at(server) }, { clock, seed: 1 });
  const runtime = await createRuntime({ store: "memory", clock, providers: models, record: file });
  await runtime.enroll({ id: "ada", name: "Ada", model: "local:m", settings: { deadlineMs: 1_000 } });
  const answer = runtime.send("ada", "?", { from: "user:7", expiresInMs: 1_500 });
  const heard = answer.tokens[Symbol.asyncIterator]();
  expect(await heard.next()).toMatchObject({ value: "Well, " });
  await pass(clock, 1_000);
  await until(() => runtime.status("ada").inFlight === 0);
  await pass(clock, 1_000);
  await outcomeOf(answer);
  await runtime.close({ graceMs: 0 });
  const [, line = ""] = readFileSync(file, "utf8").split("\n");
  const { out, aborted } = JSON.parse(line);
  expect(aborted.code).toBe("cognition_timeout");
  expect(out).toMatchObject({ streamed: ["Well, "], facts: { calls: [{ provider: "local" }] } });
  expect(await replay(file)).toMatchObject({ turns: 1, identical: 1, difference: undefined });
});
