/** What mapping asks of models is reserved and booked like what turns ask, on the person and the persona it is about. */
import { expect, it } from "vitest";
import type { Extractor } from "../../src/mapping/extractors/extractor.ts";
import type { MappingOptions } from "../../src/mapping/mapping.ts";
import type { ModelCall, Runtime, RuntimeOptions } from "../../src/types.ts";
import { openHouse, pass } from "../runtime/harness.ts";
import { until } from "../support/event-loop.ts";
import { untilDecided } from "../support/until-decided.ts";
import { mapperOf, ruleOf } from "./theatre.ts";

const HOUR = 3_600_000;
const ADA = "user:ada";
const BEN = "user:ben";
const CALL: ModelCall = { model: "acme:small", inputTokens: 60, maxOutputTokens: 40 };
const USED = { inputTokens: 50, outputTokens: 10 };
const FULL = { owner: { tokens: 100, windowMs: HOUR } };

/** Finds the mood, with a call of a model. */
const reads: Extractor = {
  name: "reads",
  version: 1,
  types: ["diary"],
  async extract({ content }, { reserve }) {
    (await reserve?.(CALL))?.settle(USED);
    return [{ kind: "value", path: "mood", value: content["mood"], confidence: 1, volatility: "low" }];
  },
};

async function opened(mapping: MappingOptions, budgets: RuntimeOptions["budgets"] = {}) {
  const house = await openHouse({ mapping, budgets });
  house.clock.advance(Date.UTC(2026, 0, 1));
  const observe = (id: string, person_id = ADA) =>
    house.runtime.mapping.observe({
      ...{ id, person_id, type: "diary", content: { mood: id } },
      observed_at: house.clock.now(),
    });
  const mood = async (person = ADA) => {
    const { traits } = await house.runtime.mapping.mindscape(person).catch(() => ({ traits: {} }));
    return (traits as { readonly mood?: { readonly value: unknown } }).mood?.value;
  };
  return { ...house, observe, mood };
}

const spent = async (runtime: Runtime, by: "owner" | "persona") =>
  (await runtime.spending({ by })).map(({ of, calls, inputTokens, outputTokens }) => [
    ...[of, calls, inputTokens + outputTokens],
  ]);

it("an extractor's calls are the person's, and wait for a budget without keeping up anybody else", async () => {
  const { runtime, clock, observe, mood } = await opened({ extractors: [reads] }, FULL);
  await observe("one");
  await untilDecided(runtime, clock);
  expect(await mood()).toBe("one");
  expect(await spent(runtime, "owner")).toEqual([[ADA, 1, 60]]);
  expect(await spent(runtime, "persona")).toEqual([["_mindscaper", 1, 60]]);

  await observe("two");
  await observe("one", BEN);
  await until(async () => (await mood(BEN)) === "one");
  expect(await mood()).toBe("one");
  expect(runtime.status()).toMatchObject({ dead: 0, declined: 0 });
  await pass(clock, HOUR);
  await until(async () => (await mood()) === "two");
  expect(await runtime.deadLetters()).toEqual([]);
});

it("an agent that asks no model works on when every budget is exhausted", async () => {
  const extractor: Extractor = {
    ...reads,
    extract: ({ content }) => [
      { kind: "value", path: "mood", value: content["mood"], confidence: 1, volatility: "low" },
    ],
  };
  const { runtime, observe, mood } = await opened(
    { extractors: [extractor] },
    { fleet: { tokens: 1, windowMs: HOUR } },
  );
  const spends = await runtime.enroll({ id: "max", name: "Max", cognition: () => ({ text: "x", usage: USED }) });
  expect(spends).toBeDefined();
  await runtime.send("max", "Hello?", { from: "user:7" });
  await observe("one");
  await until(async () => (await mood()) === "one");
});

it("a summary is the person's and the persona's; where a budget has no room there is none, and it says why", async () => {
  let asked = 0;
  const summarize: MappingOptions["summarize"] = async ({ reserve }) => {
    (await reserve?.(CALL))?.settle(USED);
    asked += 1;
    return { text: "Fine.", usage: USED, model: CALL.model };
  };
  const { runtime } = await opened({ summarize }, FULL);
  await runtime.enroll({ id: "max", name: "Max" });
  await runtime.mapping.mappers.create(mapperOf([ruleOf("a")]), { activate: true });
  const deeply = (person: string) =>
    runtime.mapping.mapPersona({ persona: "max", person, mapper: "coach", detailLevel: "deep_dive" });
  expect((await deeply(ADA)).core.core.summary).toBe("Fine.");
  expect(await spent(runtime, "owner")).toEqual([[ADA, 1, 60]]);
  expect(await spent(runtime, "persona")).toEqual([["max", 1, 60]]);
  await runtime.mapping.curate({ traits: { mood: { value: "low" } } }, { person: ADA });
  const second = await deeply(ADA);
  expect([second.core.core.summary, second.summary_error]).toEqual([undefined, "budget_exhausted"]);
  expect((await deeply(BEN)).core.core.summary).toBe("Fine.");
  expect(asked).toBe(2);
});

it("a summary of whoever reserves nothing is booked as it reports, and then none is asked for beyond the budget", async () => {
  const summarize: MappingOptions["summarize"] = async () => ({ text: "Fine.", usage: { ...USED, inputTokens: 90 } });
  const { runtime } = await opened({ summarize }, FULL);
  await runtime.mapping.mappers.create(mapperOf([ruleOf("a")]), { activate: true });
  const deeply = () =>
    runtime.mapping.mapPersona({ persona: "ada", person: ADA, mapper: "coach", detailLevel: "deep_dive" });
  await runtime.enroll({ id: "ada", name: "Ada" });
  expect((await deeply()).summary_error).toBeUndefined();
  expect(await spent(runtime, "owner")).toEqual([[ADA, 1, 100]]);
  await runtime.mapping.curate({ traits: { mood: { value: "low" } } }, { person: ADA });
  expect((await deeply()).summary_error).toBe("budget_exhausted");
});

it("embedding is the person's; who has spent everything is found by words, and everybody else by meaning", async () => {
  const embedded: string[] = [];
  const embedder: MappingOptions["embedder"] = {
    model: "acme:embedding",
    async embed(texts, _signal, reserve) {
      const reservation = await reserve?.({ model: "acme:embedding", inputTokens: 60, maxOutputTokens: 0 });
      reservation?.settle({ inputTokens: 60, outputTokens: 0 });
      embedded.push(...texts);
      return texts.map(() => [1, 0]);
    },
  };
  const { runtime, clock } = await opened({ embedder }, FULL);
  const tell = (person_id: string, text: string) => runtime.mapping.narratives.add({ person_id, text });
  await tell(ADA, "first");
  await until(() => embedded.length === 1);
  expect(await spent(runtime, "owner")).toEqual([[ADA, 1, 60]]);
  await tell(ADA, "second");
  await tell(BEN, "third");
  await until(() => embedded.length === 2);
  expect(embedded).toEqual(["first", "third"]);
  // Neither is the query of whoever has nothing left embedded.
  expect(await runtime.mapping.narratives.search({ person: ADA, query: "second" })).toMatchObject({
    narratives: [{ score: 1 }],
    words_only: true,
  });
  clock.advance(HOUR);
  await until(() => embedded.includes("second"));
});
