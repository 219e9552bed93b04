import { describe, expect, test } from "vitest";
import { heardFrom, outcomeOf, pass } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import { breakOff, garble, hang, type Responder, say, sayForEver, sayInBytes } from "../support/model-server.ts";
import type { ModelHouse } from "./harness.ts";
import { at, endedTurn, KEY, openModels, openServer, PROTOCOLS } from "./harness.ts";

describe.each(PROTOCOLS)("%s", (kind) => {
  /** What becomes of one message that is answered so each time. */
  async function outcome(respond: Responder, settings = {}): Promise<ModelHouse & { text: string }> {
    const server = await openServer(respond);
    const house = await openModels({ local: at(server, kind) });
    await house.runtime.configure("ada", { settings });
    const answer = outcomeOf(house.runtime.send("ada", "Hello", { from: "user:7" }));
    let text: string | undefined;
    void answer.then((said) => {
      text = said;
    });
    // Three attempts, with their pauses between.
    await until(() => {
      if (house.runtime.status().inFlight === 0 && house.runtime.status().queued > 0) house.clock.advance(20_000);
      return text !== undefined;
    });
    return { ...house, text: text ?? "" };
  }

  test("answers a turn, token by token, with what it used", async () => {
    const server = await openServer(say(["Good ", "day."], { used: { input: 20, output: 7, cached: 4 } }));
    const { runtime } = await openModels({ local: at(server, kind) });
    const answer = runtime.send("ada", "Hello", { from: "user:7" });
    expect(await heardFrom(answer)).toEqual(["Good ", "day."]);
    const reply = await answer;
    expect(reply.text).toBe("Good day.");
    const { cognition, cost, prompt } = await runtime.explain(reply.id);
    expect(cognition).toMatchObject({ kind: "provider", provider: "local", model: "m" });
    expect(cognition.calls).toMatchObject([
      { provider: "local", model: "m", outcome: "answered", finishReason: "stop" },
    ]);
    expect(cost.usage).toMatchObject({ inputTokens: 20, outputTokens: 7, cachedInputTokens: 4 });
    expect(prompt?.parts.length).toBeGreaterThan(0);
  });

  test("reads an answer that comes byte by byte", async () => {
    const { text } = await outcome(sayInBytes(["Grüße, ", "schöne ", "Welt 🌍."]));
    expect(text).toBe("Grüße, schöne Welt 🌍.");
  });

  test("keeps what was said when the model came to its maximum of tokens", async () => {
    const { text, runtime } = await outcome(say(["Once upon"], { finish: "length" }));
    expect(text).toBe("Once upon");
    expect(runtime.fleet()).toMatchObject({ answered: 1, providers: [{ failed: 0, calls: 1 }] });
  });

  test("declines when the provider refuses to let the model speak", async () => {
    const { text } = await outcome(say([], { finish: "refused" }));
    expect(text).toBe("declined: The persona declined to answer: content_filter");
  });

  test.each([
    ["an empty answer", say([]), /^dead: .*local:m answered nothing/],
    ["no token within the maximum", say([], { finish: "length" }), /^dead: .*maximum of tokens/],
    [
      "a stream that is cut in the middle",
      breakOff(["Once "], "cut"),
      /^dead: .*broke off or cannot be read \(UND_ERR_SOCKET\)/,
    ],
    [
      "a stream that is cut before the first token",
      breakOff([], "cut"),
      /^dead: .*broke off or cannot be read \(UND_ERR_SOCKET\)/,
    ],
    ["a stream that ends in the middle", breakOff(["Once "], "end"), /^dead: .*broke off/],
    ["a stream that ends before the first token", breakOff([], "end"), /^dead: .*broke off/],
    ["an event that is no JSON", garble(["Once "], 'data: {"choices": [NaN}\n\n'), /^dead: .*cannot be read/],
    [
      "an event of another shape",
      garble(["Once "], 'data: {"choices":7,"candidates":7,"type":7}\n\n'),
      /^dead: .*cannot be read/,
    ],
    ["a page instead of a stream", html, /^dead: .*local answered with text\/html instead of text\/event-stream/],
  ])("gives %s up after three tries", async (_name, respond, expected) => {
    const { text, runtime } = await outcome(respond);
    expect(text).toMatch(expected);
    expect(runtime.status()).toMatchObject({ answered: 0, dead: 1 });
  });

  test("reads what is no UTF-8 with a mark in its place", async () => {
    const garble = (bytes: Buffer) => {
      if (bytes.includes("X")) bytes[bytes.indexOf("X")] = 0xff;
    };
    const { text } = await outcome(say(["Gr", "X", "\u00dfe"], { garble }));
    expect(text).toBe("Gr\ufffd\u00dfe");
  });

  test("an answer without end is cut off at the length of a reply", async () => {
    const server = await openServer(sayForEver("many words ".repeat(2_000)));
    const { runtime, clock } = await openModels({ local: at(server, kind) });
    const answer = outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => runtime.fleet().providers[0]?.failed === 1);
    await server.requests[0]?.closed;
    server.respond = say(["Short."]);
    await pass(clock, 2_000);
    expect(await answer).toBe("Short.");
  });

  test("what hangs is aborted at the deadline, on the wire too, and counts against the provider", async () => {
    const server = await openServer(hang);
    const { runtime, clock } = await openModels({ local: at(server, kind) });
    await runtime.configure("ada", { settings: { deadlineMs: 5_000 } });
    const events = runtime.events();
    const answer = outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => server.requests.length === 1);
    await pass(clock, 5_000);
    await server.requests[0]?.closed;
    await until(() => runtime.fleet().providers[0]?.inFlight === 0);
    expect(runtime.fleet().providers).toMatchObject([{ failures: 1, failed: 1, inFlight: 0 }]);
    const { outcome, cognition } = await runtime.explain(await endedTurn(events));
    expect([outcome, cognition.calls]).toMatchObject(["timeout", [{ outcome: "failed", durationMs: 5_000 }]]);
    server.respond = say(["At last."]);
    await pass(clock, 2_000);
    expect(await answer).toBe("At last.");
  });

  test("what speaks until the deadline is aborted, and does not count against the provider", async () => {
    const server = await openServer(breakOff(["Well, "], "hang"));
    const { runtime, clock } = await openModels({ local: at(server, kind) });
    await runtime.configure("ada", { settings: { deadlineMs: 5_000 } });
    const answer = runtime.send("ada", "Hello", { from: "user:7" });
    for await (const token of answer.tokens) {
      expect(token).toBe("Well, ");
      break;
    }
    await pass(clock, 5_000);
    await server.requests[0]?.closed;
    await until(() => runtime.fleet().providers[0]?.inFlight === 0);
    expect(runtime.fleet().providers).toMatchObject([{ failures: 0, failed: 0, calls: 1 }]);
  });

  test("a close aborts what runs, and blames nobody", async () => {
    const server = await openServer(hang);
    const { runtime, providers } = await openModels({ local: at(server, kind) });
    const answer = outcomeOf(runtime.send("ada", "Hello", { from: "user:7" }));
    await until(() => server.requests.length === 1);
    await runtime.close({ graceMs: 0 });
    expect(await answer).toMatch(/^runtime_closed/);
    await server.requests[0]?.closed;
    await until(() => providers.status()[0]?.inFlight === 0);
    expect(providers.status()).toMatchObject([{ failed: 0, calls: 1 }]);
  });

  test("the request says who the persona is, what was said, and how much may be answered", async () => {
    const server = await openServer(say(["Yes."]));
    const { runtime } = await openModels({
      local: { ...at(server, kind), maxOutputTokens: 77, temperature: 0.5, headers: { "x-team": "seven" } },
    });
    await runtime.enroll({ id: "ada", name: "Ada", model: "local:m:1", instructions: "Be brief." });
    await runtime.send("ada", "Is it so?", { from: "user:7" });
    const [{ path, headers, body }] = server.requests as unknown as [(typeof server.requests)[number]];
    expect(headers).toMatchObject({ "x-team": "seven" });
    const said = JSON.stringify(body);
    expect(said).toContain("Be brief.");
    expect(said).toContain("Is it so?");
    if (kind === "openai-compatible") {
      expect([path, headers["authorization"]]).toEqual(["/v1/chat/completions", `Bearer ${KEY}`]);
      expect(body).toMatchObject({
        model: "m:1",
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 77,
      });
      expect(body.messages.map(({ role }: { role: string }) => role)).toEqual(["system", "user"]);
    } else if (kind === "anthropic") {
      expect([path, headers["x-api-key"]]).toEqual(["/anthropic/messages", KEY]);
      expect(body).toMatchObject({ model: "m:1", stream: true, max_tokens: 77, temperature: 0.5 });
      expect(body.messages.map(({ role }: { role: string }) => role)).toEqual(["user"]);
    } else {
      expect(path).toMatch(/^\/google\/models\/m(:|%3A)1:streamGenerateContent\?alt=sse$/);
      expect(headers["x-goog-api-key"]).toBe(KEY);
      expect(body.generationConfig).toMatchObject({ maxOutputTokens: 77, temperature: 0.5 });
    }
  });
});

const html: Responder = (_request, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end("<h1>Log in to the network</h1>");
};
