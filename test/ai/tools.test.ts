import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineTool } from "../../src/index.ts";
import { heardFrom, outcomeOf } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import { inOrder, type ModelRequest, type Responder, refuse, type Saying, say } from "../support/model-server.ts";
import { at, openModels, openServer, PROTOCOLS } from "./harness.ts";

const from = "user:7";

const weather = defineTool({
  name: "weather",
  description: "The weather of a town.",
  parameters: z.object({ town: z.string() }),
  execute: ({ town }) => {
    if (town === "Atlantis") throw new Error("It is under water.");
    return { town, sky: "clear" };
  },
});
const ask = defineTool({
  name: "ask",
  description: "Asks the person.",
  parameters: z.object({ question: z.string() }),
  timeoutMs: 60_000,
});

const calling = (input: unknown, name = "weather"): Saying => ({ calls: [{ id: "call_1", name, input }] });

/** What the model was told of its call, in the words of its protocol. */
function told({ protocol, body }: ModelRequest): unknown {
  if (protocol === "openai-compatible") return body.messages.at(-1).content;
  if (protocol === "anthropic") return body.messages.at(-1).content[0].content;
  return body.contents.at(-1).parts[0].functionResponse.response;
}

describe.each(PROTOCOLS)("%s", (kind) => {
  async function open(...responders: Responder[]) {
    const server = await openServer(inOrder(...responders));
    const house = await openModels({ local: { ...at(server, kind), maxConcurrent: 1 } }, {}, { tools: [weather, ask] });
    await house.runtime.configure("ada", { settings: { tools: ["weather", "ask"] } });
    return { ...house, server };
  }

  test("a model calls a tool and answers with what it gave", async () => {
    const { runtime, server } = await open(
      say(["Let me see. "], { ...calling({ town: "Bern" }), used: { input: 10, output: 4 } }),
      say(["It is ", "clear."], { used: { input: 30, output: 6 } }),
    );
    const answer = runtime.send("ada", "The weather in Bern?", { from });
    expect(await heardFrom(answer)).toEqual(["Let me see. ", "It is ", "clear."]);
    const { id, text } = await answer;
    expect(text).toBe("Let me see. It is clear.");
    const [first, second] = server.requests as [ModelRequest, ModelRequest];
    expect(JSON.stringify(first.body.tools)).toContain("The weather of a town.");
    expect(JSON.stringify(first.body.tools)).toContain('"town"');
    expect(JSON.stringify(told(second))).toMatch(/town.*Bern.*sky.*clear/);
    const { cognition, cost } = await runtime.explain(id);
    expect(cognition.calls.map(({ outcome, finishReason }) => [outcome, finishReason])).toEqual([
      ["answered", kind === "google" ? expect.stringMatching(/stop|tool-calls/) : "tool-calls"],
      ["answered", "stop"],
    ]);
    expect(cognition.tools).toMatchObject([{ name: "weather", outcome: "answered" }]);
    expect(cost.usage).toMatchObject({ inputTokens: 40, outputTokens: 10 });
  });

  test.each([
    ["that fails", { town: "Atlantis" }, "weather", /weather failed|under water|failed/],
    ["with wrong arguments", { city: 7 }, "weather", /town/],
    ["that it does not have", { town: "Bern" }, "launch", /launch/],
  ])("is told of a call %s", async (_name, input, name, expected) => {
    const { runtime, server } = await open(say([], calling(input, name)), say(["I cannot."]));
    expect((await runtime.send("ada", "Do it", { from })).text).toBe("I cannot.");
    expect(JSON.stringify(told(server.requests[1] as ModelRequest))).toMatch(expected);
  });

  test("while a client is asked the provider has room for others", async () => {
    const { runtime, server } = await open(
      say([], calling({ question: "Where?" }, "ask")),
      say(["In the meantime."]),
      say(["So in Bern."]),
    );
    const answer = runtime.send("ada", "The weather?", { from });
    await until(() => runtime.fleet().providers[0]?.inFlight === 0 && server.requests.length === 1);
    const [waiting] = await runtime.toolCalls();
    expect(waiting).toMatchObject({ name: "ask", arguments: { question: "Where?" } });
    await runtime.enroll({ id: "bob", name: "Bob", model: "local:m" });
    expect((await runtime.send("bob", "Hello", { from })).text).toBe("In the meantime.");
    await runtime.answerTool(waiting?.id ?? "", { result: "Bern" });
    expect((await answer).text).toBe("So in Bern.");
    expect(JSON.stringify(told(server.requests[2] as ModelRequest))).toContain("Bern");
    expect(server.requests[1]?.body.tools).toBeUndefined();
  });
});

test("a model that only ever calls tools is stopped after eight calls", async () => {
  const server = await openServer(say([], calling({ town: "Bern" })));
  let asked = 0;
  const execute = () => {
    asked += 1;
    return "Rain.";
  };
  const { runtime } = await openModels({ local: at(server) }, {}, { tools: [{ ...weather, execute }] });
  await runtime.configure("ada", { settings: { tools: ["weather"] } });
  void outcomeOf(runtime.send("ada", "The weather?", { from }));
  await until(() => runtime.fleet().retried === 1);
  expect(server.requests).toHaveLength(8);
  // What the last call asked for nobody would be told.
  expect(asked).toBe(7);
  expect(runtime.fleet().providers).toMatchObject([{ calls: 8, failed: 0 }]);
});

test("arguments that are no JSON are told to the model", async () => {
  const server = await openServer(inOrder(say([], calling("{town: Bern")), say(["Again."])));
  const { runtime } = await openModels({ local: at(server) }, {}, { tools: [weather] });
  await runtime.configure("ada", { settings: { tools: ["weather"] } });
  expect((await runtime.send("ada", "The weather?", { from })).text).toBe("Again.");
  expect(String(told(server.requests[1] as ModelRequest))).toMatch(/JSON|invalid|parse/i);
});

test("another model goes on with what a tool gave, as long as nothing was said", async () => {
  const first = await openServer(inOrder(say([], calling({ town: "Bern" })), refuse(503)));
  const second = await openServer(say(["Clear."]));
  const configured = { first: at(first), second: at(second, "anthropic") };
  const { runtime } = await openModels(configured, { fallback: ["second:s"] }, { tools: [weather] });
  await runtime.configure("ada", { settings: { tools: ["weather"] } });
  expect((await runtime.send("ada", "The weather?", { from })).text).toBe("Clear.");
  expect(JSON.stringify(told(second.requests[0] as ModelRequest))).toContain("clear");
});
