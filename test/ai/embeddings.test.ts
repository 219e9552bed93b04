/** Narratives that a model embeds, over the protocol of OpenAI's embeddings, on a server of this machine. */
import { expect, it, onTestFinished } from "vitest";
import { providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { NarrativeMeanings } from "../../src/mapping/narrative-meanings.ts";
import { Narratives } from "../../src/mapping/narratives.ts";
import { similarities } from "../../src/mapping/similarities.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { disturbed, unpaid } from "../mapping/study.ts";
import { openHouse } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import type { ModelRequest, Responder } from "../support/model-server.ts";
import { at, openServer } from "./harness.ts";

const ADA = "user:ada";
const BEN = "user:ben";

/** Knows of mornings, of nights, and of nothing else. */
const meaning = (text: string) => [/dawn|morning|early/i, /night|late/i, /./].map((word) => (word.test(text) ? 1 : 0));

const embeds: Responder = ({ body }, response) => {
  const data = body.input.map((text: string, index: number) => ({
    object: "embedding",
    index,
    embedding: meaning(text),
  }));
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify({ object: "list", model: body.model, data, usage: { prompt_tokens: 1, total_tokens: 1 } }),
  );
};

async function opened(respond: Responder = embeds) {
  const server = await openServer(respond);
  const clock = new ManualClock();
  const made = await providers({ local: at(server) }, { clock, seed: 1 });
  const embedder = made.embedder?.("local:small");
  if (embedder === undefined) throw new Error("these providers embed");
  const house = await openHouse({ clock, mapping: { embedder } });
  const { narratives } = house.runtime.mapping;
  const tell = (text: string) => narratives.add({ person_id: ADA, text });
  const look = (query: string, person = ADA) => narratives.search({ person, query });
  const search = async (query: string, person?: string) => (await look(query, person)).narratives;
  return { ...house, clock, server, made, tell, look, search };
}

const texts = (requests: readonly ModelRequest[]) => requests.flatMap(({ body }) => body.input as string[]);

it("finds what means the same in other words, and the better of both scores counts", async () => {
  const { runtime, server, tell, search } = await opened();
  await tell("I am at my best at dawn.");
  await tell("Nights are for sleep.");
  await until(() => texts(server.requests).length === 2);
  await until(async () => (await search("early hours")).length === 2);
  const found = await search("early hours");
  expect(found.map(({ text }) => text)).toEqual(["I am at my best at dawn.", "Nights are for sleep."]);
  expect(found[0]?.score).toBeCloseTo(1);
  expect(found[1]?.score).toBeCloseTo(0.5);
  const exact = await search("sleep");
  expect(exact.find(({ text }) => text.startsWith("Nights"))?.score).toBe(1);
  expect(server.requests[0]?.path).toBe("/v1/embeddings");
  expect(server.requests[0]?.body.model).toBe("small");
  // Each call was one token, by what the provider says.
  expect(await runtime.spending({ by: "model" })).toMatchObject([
    { of: "local:small", calls: server.requests.length, inputTokens: server.requests.length, unconfirmed: 0 },
  ]);
});

it("finds by words while the model is away, and embeds the rest when it is back", async () => {
  let isBack = false;
  const { server, clock, tell, search, warnings } = await opened((request, response) => {
    if (isBack) return embeds(request, response);
    response.statusCode = 500;
    response.end("no");
  });
  await tell("I am at my best at dawn.");
  await until(() => warnings.some(({ code }) => code === "embedding_failed"));
  expect((await search("dawn")).map(({ score }) => score)).toEqual([1]);
  expect(await search("early")).toEqual([]);
  isBack = true;
  clock.advance(5_000);
  await until(async () => (await search("early")).length === 1);
  expect(texts(server.requests)).toContain("I am at my best at dawn.");
});

it("a question waits for a model a second at most, once, and what the model says later counts then", async () => {
  const held: (() => void)[] = [];
  let isSlow = false;
  const { runtime, server, clock, tell, search } = await opened((request, response) => {
    if (!isSlow) return embeds(request, response);
    held.push(() => void embeds(request, response));
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.mapping.mappers.create(dawns, { activate: true });
  await tell("I am at my best at dawn.");
  await until(async () => (await search("early")).length === 1);
  isSlow = true;
  const ask = async () => {
    const { suggestions = [] } = await runtime.mapping.mapPersona({ persona: "ada", person: ADA, mapper: "dawns" });
    return suggestions.map(({ title }) => title);
  };
  const first = ask();
  await until(() => held.length === 1);
  clock.advance(1_000);
  expect(await first).toEqual([]);
  // Nobody else waits.
  expect(await ask()).toEqual([]);
  for (const answer of held) answer();
  await until(async () => (await ask()).length === 1);
  expect(await ask()).toEqual(["Rise"]);
  // What the mapper looks for is embedded once, for whomever.
  isSlow = false;
  await runtime.mapping.narratives.add({ person_id: BEN, text: "Mornings are mine." });
  await until(async () => (await search("early", BEN)).length === 1);
  const ofBen = await runtime.mapping.mapPersona({ persona: "ada", person: BEN, mapper: "dawns" });
  expect(ofBen.suggestions).toHaveLength(1);
  expect(texts(server.requests).filter((text) => text === "first light of an early day")).toHaveLength(1);
});

it("whoever searches, simulates or asks deeply waits a second at most, and is told that words alone were compared", async () => {
  const held: (() => void)[] = [];
  let isSlow = false;
  const { runtime, clock, tell, look } = await opened((request, response) => {
    if (!isSlow) return embeds(request, response);
    held.push(() => void embeds(request, response));
  });
  const { mappers, mapPersona } = runtime.mapping;
  await runtime.enroll({ id: "ada", name: "Ada" });
  await mappers.create(dawns, { activate: true });
  await tell("I am at my best at dawn.");
  await until(async () => (await look("early")).narratives.length === 1);
  expect(await look("early")).not.toHaveProperty("words_only");
  isSlow = true;
  const answers: unknown[] = [];
  for (const asked of [look("when is the day at its best"), mappers.simulate("dawns", { person: ADA })]) {
    void asked.then((answer) => answers.push(answer));
  }
  await until(() => held.length === 2);
  expect(answers).toEqual([]);
  clock.advance(1_000);
  await until(() => answers.length === 2, 10_000);
  expect(answers).toContainEqual(
    expect.objectContaining({
      narratives: [expect.objectContaining({ text: "I am at my best at dawn." })],
      words_only: true,
    }),
  );
  expect(answers).toContainEqual(expect.objectContaining({ suggestions: [], words_only: true }));
  // The second has begun with the first who asked: the clock stands still, and nobody waits any more.
  const deeply = () => mapPersona({ persona: "ada", person: ADA, mapper: "dawns", detailLevel: "deep_dive" });
  expect(await deeply()).toMatchObject({ suggestions: [], narratives: [], words_only: true, cost: { ms: 0 } });
  expect(await mapPersona({ persona: "ada", person: ADA, mapper: "dawns" })).toMatchObject({ words_only: true });
  expect(held).toHaveLength(2);
  for (const answer of held) answer();
  await until(async () => (await deeply()).narratives?.length === 1);
  expect(await deeply()).not.toHaveProperty("words_only");
  expect(await mappers.simulate("dawns", { person: ADA })).not.toHaveProperty("words_only");
});

it("tries again for a person whom the model has kept waiting in vain", async () => {
  let isSlow = false;
  const { runtime, clock, tell, search, warnings } = await opened((request, response) => {
    if (!isSlow) return embeds(request, response);
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  await runtime.mapping.mappers.create(dawns, { activate: true });
  await tell("I am at my best at dawn.");
  await until(async () => (await search("early")).length === 1);
  isSlow = true;
  const ask = () => runtime.mapping.mapPersona({ persona: "ada", person: ADA, mapper: "dawns" });
  const first = ask();
  let answered = false;
  void first.then(() => {
    answered = true;
  });
  await until(() => {
    clock.advance(250);
    return answered;
  });
  isSlow = false;
  clock.advance(30_000);
  await until(() => warnings.some(({ code }) => code === "embedding_failed"));
  expect((await first).suggestions).toEqual([]);
  await until(async () => (await ask()).suggestions?.length === 1);
});

const dawns = {
  metadata: { id: "dawns", version: "1", description: "Who is up early." },
  rules: [
    {
      id: "rise",
      conditions: { narrative_check: { query: "first light of an early day", threshold: 0.9 } },
      actions: [{ generate_suggestion: { type: "hint", template: "rise" } }],
    },
  ],
  templates: { rise: { title: "Rise", description: "Begin early." } },
};

it("looks at none again that has its vector, however many there are", async () => {
  const server = await openServer(embeds);
  const clock = new ManualClock();
  const embedder = (await providers({ local: at(server) }, { clock, seed: 1 })).embedder?.("local:small");
  if (embedder === undefined) throw new Error("these providers embed");
  const store = await openMemoryStore({ clock });
  onTestFinished(() => store.close());
  const from: number[] = [];
  const unembedded: typeof store.mapping.unembedded = async (model, after, limit) => {
    from.push(after);
    return store.mapping.unembedded(model, after, limit);
  };
  const meanings = new NarrativeMeanings({
    ...{ store: disturbed(store, { unembedded }), clock, embedder },
    warn: () => {},
    pay: unpaid,
  });
  onTestFinished(() => meanings.close());
  const narratives = new Narratives({ store, clock, changed: () => {}, meanings });
  const keys: number[] = [];
  meanings.onEmbedded(({ key }) => void keys.push(key));
  for (const count of [1, 2, 3]) {
    await narratives.add("default", ADA, ADA, { text: "dawn" });
    await until(() => keys.length === count);
  }
  // Each looks from the new one on, and behind it.
  expect(from.filter((after) => after >= (keys[0] ?? 0))).toHaveLength(from.length - 1);
});

it("embeds the others where the model refuses one text", async () => {
  const { server, tell, search, warnings } = await opened((request, response) => {
    if (!texts([request]).some((text) => text.includes("poison"))) return embeds(request, response);
    response.statusCode = 400;
    response.setHeader("content-type", "application/json");
    response.end('{"error":{"message":"too long"}}');
  });
  await Promise.all(["At my best at dawn.", "This is poison.", "Mornings are mine."].map(tell));
  await until(async () => (await search("early")).length === 2);
  expect(warnings).toContainEqual(expect.objectContaining({ code: "embedding_failed" }));
  expect((await search("poison"))[0]?.text).toBe("This is poison.");
  const asked = texts(server.requests).filter((text) => text === "This is poison.").length;
  await tell("x".repeat(20_000));
  await until(() => texts(server.requests).some((text) => text === "x".repeat(8_000)));
  expect(texts(server.requests).filter((text) => text === "This is poison.")).toHaveLength(asked);
});

it.each<[what: string, answer: (texts: readonly string[]) => unknown]>([
  ["too few vectors", () => []],
  ["no numbers", (input) => input.map(() => [])],
  ["what overflows", (input) => input.map(() => [1e300])],
  ["another shape", () => "vectors"],
])("takes nothing from a model that gives %s", async (_what, answer) => {
  const { tell, search, warnings } = await opened(({ body }, response) => {
    const vectors = answer(body.input);
    const data = Array.isArray(vectors) ? vectors.map((embedding, index) => ({ index, embedding })) : vectors;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data, usage: { prompt_tokens: 1 } }));
  });
  await tell("I am at my best at dawn.");
  await until(() => warnings.some(({ code }) => code === "embedding_failed"));
  expect((await search("dawn")).map(({ score }) => score)).toEqual([1]);
});

it("names a model that cannot embed, and vectors that cannot be compared", async () => {
  const server = await openServer(embeds);
  const made = await providers({ local: at(server), claude: at(server, "anthropic") }, { seed: 1 });
  expect(() => made.embedder?.("nobody:small")).toThrow(expect.objectContaining({ code: "provider_unknown" }));
  const invalid = (field: string) =>
    expect.objectContaining({ code: "invalid_input", fields: [{ field, message: expect.any(String) }] });
  expect(() => made.embedder?.("claude:x")).toThrow(invalid("model"));
  const query = Float32Array.of(3, 4);
  expect(() => similarities(query, [query, Float32Array.of(1)])).toThrow(invalid("vectors[1]"));
  expect(() => similarities(new Float32Array(0), [])).toThrow(invalid("query"));
  expect([...similarities(query, [Float32Array.of(30, 40), Float32Array.of(-3, -4), new Float32Array(2)])]).toEqual([
    1, -1, 0,
  ]);
  expect(similarities(query, [])).toHaveLength(0);
  await expect(openHouse({ mapping: { embedder: { model: "x", embed: async () => [] } } })).rejects.toMatchObject({
    code: "invalid_input",
    fields: [{ field: "mapping.embedder" }],
  });
});
