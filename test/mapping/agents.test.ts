/** The agents of mapping in the fleet: hidden, durable, one digest for many observations; and what an erasure leaves. */
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Extractor } from "../../src/mapping/extractors/extractor.ts";
import type { Runtime } from "../../src/types.ts";
import { openHouse } from "../runtime/harness.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { until } from "../support/event-loop.ts";
import { untilDecided } from "../support/until-decided.ts";

const ADA = "user:ada";
let sent = 0;

function mood(value: unknown, over: { person?: string; id?: string } = {}) {
  sent += 1;
  const { person = ADA, id = `mood-${sent}` } = over;
  const content = { mood: value };
  return { id, person_id: person, type: "mood", content, observed_at: "1970-01-02T00:00:00Z" };
}

/** Finds the mood, or does what `read` does instead. */
const moods = (read: () => unknown = () => undefined): Extractor => ({
  name: "mood",
  version: 1,
  types: ["mood"],
  async extract({ content }) {
    await read();
    const found = { kind: "value", path: "mood", value: content["mood"], confidence: 1, volatility: "high" } as const;
    return [found];
  },
});

const START = Date.UTC(2026, 0, 1);

async function opened(read?: () => unknown, store?: string) {
  const house = await openHouse({ mapping: { extractors: [moods(read)] }, ...(store === undefined ? {} : { store }) });
  house.clock.advance(START);
  return house;
}

const moodOf = async (runtime: Runtime) => {
  const { traits } = await runtime.mapping.mindscape(ADA).catch(() => ({ traits: {} as Record<string, never> }));
  return traits["mood"] && (traits["mood"] as { value: unknown }).value;
};

it("digests what is observed, many observations at once, and shows nobody who does it", async () => {
  const { runtime, clock } = await opened();
  const events: string[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const event of runtime.events({ signal: controller.signal })) {
      if (event.type === "mindscape_updated") events.push(`${event.person} ${event.version} ${event.changed}`);
      else events.push(event.type);
    }
  })();
  await Promise.all([runtime.mapping.observe([mood("low"), mood("high")]), runtime.mapping.observe(mood("high"))]);
  await untilDecided(runtime, clock);
  expect(await moodOf(runtime)).toBe("high");
  await until(() => events.length > 0);
  expect(events[0]).toBe("user:ada 1 mood");
  controller.abort();
  await reading;

  expect(runtime.personas()).toEqual([]);
  expect(runtime.has("_mindscaper")).toBe(false);
  expect(runtime.status()).toMatchObject({ personas: 0 });
  const hidden = expect.objectContaining({ code: "persona_not_found" });
  await expect(runtime.send("_mindscaper", "Hello?", { from: "user:7" })).rejects.toEqual(hidden);
  await expect(runtime.unenroll("_mindscaper")).rejects.toEqual(hidden);
  const invalid = expect.objectContaining({ code: "invalid_input" });
  await expect(runtime.enroll({ id: "_mindscaper", name: "Mine" })).rejects.toEqual(invalid);
});

it("tries a digest that fails again, then keeps it as a dead letter that can be replayed", async () => {
  let fails = true;
  const { runtime, clock } = await opened(() => {
    if (fails) throw new Error("the model is away");
  });
  await runtime.mapping.observe(mood("high"));
  await untilDecided(runtime, clock);
  const [letter, ...others] = await runtime.deadLetters();
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ persona: "_mindscaper" });
  expect(letter?.error).toContain("the model is away");
  fails = false;
  await runtime.replay(letter?.item ?? "");
  await untilDecided(runtime, clock);
  expect(await moodOf(runtime)).toBe("high");
});

it("goes on after a restart with what was observed before it", async () => {
  const file = join(tempFolder(), "personas.db");
  const first = await opened(() => new Promise(() => {}), file);
  await first.runtime.mapping.observe(mood("high"));
  await until(() => first.runtime.status().inFlight === 1);
  await first.runtime.close({ graceMs: 0 });
  const second = await opened(undefined, file);
  await untilDecided(second.runtime, second.clock);
  expect(await moodOf(second.runtime)).toBe("high");
});

it("brings nobody back who is erased while a digest runs, and lets them come again", async () => {
  const gate = Promise.withResolvers<void>();
  let reads = 0;
  const { runtime, clock } = await opened(() => {
    reads += 1;
    return gate.promise;
  });
  const { narratives } = runtime.mapping;
  await runtime.mapping.observe(mood("high"));
  await narratives.add({ person_id: ADA, text: "I love quiet mornings." }, { by: ADA });
  await until(() => reads > 0);
  expect(await runtime.mapping.erase(ADA)).toMatchObject({ person_id: ADA, removed: 4, erased_at: clock.now() });
  gate.resolve();
  await untilDecided(runtime, clock);
  const gone = expect.objectContaining({ code: "mindscape_not_found" });
  await expect(runtime.mapping.mindscape(ADA)).rejects.toEqual(gone);
  expect(await runtime.mapping.observations({ person: ADA })).toEqual([]);
  expect(await narratives.list({ person: ADA })).toEqual([]);
  expect(await narratives.search({ person: ADA, query: "quiet" })).toEqual({ narratives: [] });
  expect(await runtime.deadLetters()).toEqual([]);
  expect(await runtime.mapping.erase(ADA)).toMatchObject({ removed: 0 });

  await runtime.mapping.observe(mood("low"));
  await untilDecided(runtime, clock);
  expect(await moodOf(runtime)).toBe("low");
});

it("shows an owner nothing of anybody else", async () => {
  const { runtime } = await opened();
  const own = runtime.tenant("default", { owner: ADA }).mapping;
  const stranger = expect.objectContaining({ code: "person_not_found" });
  await expect(own.narratives.add({ person_id: "user:bob", text: "x" })).rejects.toEqual(stranger);
  await expect(own.narratives.list({ person: "user:bob" })).rejects.toEqual(stranger);
  await expect(own.narratives.search({ person: "user:bob", query: "x" })).rejects.toEqual(stranger);
  await expect(own.erase("user:bob")).rejects.toEqual(stranger);
  await expect(runtime.mapping.erase()).rejects.toMatchObject({
    code: "invalid_input",
    fields: [{ field: "person_id" }],
  });
  expect(await own.narratives.add({ text: "Mine." })).toMatchObject({ person_id: ADA, created_by: ADA });
  expect(await own.narratives.list()).toHaveLength(1);
  expect(await runtime.tenant("other").mapping.narratives.list({ person: ADA })).toEqual([]);
});
