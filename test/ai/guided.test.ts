/** Sessions of a runtime whose models are on this machine: what the catalogue says arrives on the wire. */
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { modelJudge, providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { defineTool, replay } from "../../src/index.ts";
import type { PersonaWarning, Reply, Runtime } from "../../src/types.ts";
import { openHouse, outcomeOf, pass } from "../runtime/harness.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { until } from "../support/event-loop.ts";
import { inOrder, type ModelRequest, refuse, say } from "../support/model-server.ts";
import { at, openServer, PROTOCOLS } from "./harness.ts";

const from = "user:7";

const tool = (name: string) =>
  defineTool({ name, description: `The ${name}.`, parameters: z.object({}), execute: () => `A ${name}.` });

/** Ada has the model `local:m` and this role, and follows a sequence of two steps. */
async function furnish(runtime: Runtime, role: object = {}, step: object = {}): Promise<void> {
  await runtime.catalogue.roles.create({ id: "guide", display_name: "Guide", system_prompt: "Guide them.", ...role });
  const steps = ["hello", "walk"].map((id) => ({ id, instruction: `Now: ${id}.`, ...step }));
  await runtime.catalogue.sequences.create({ id: "tour", display_name: "Tour", steps });
  const standard = { default_role: "guide", default_sequence: "tour" };
  await runtime.catalogue.personas.create({ id: "ada", display_name: "Ada", model: "local:m", ...standard });
}

const thoughtsOf = async (runtime: Runtime, { id }: Reply) => (await runtime.explain(id)).cognition.calls[0]?.thoughts;

const bodyOf = (request: ModelRequest | undefined) => request?.body;

describe.each(PROTOCOLS)("a session of a model that speaks %s", (kind) => {
  test("is answered as its role and step say, in each step anew", async () => {
    const server = await openServer(say(["Yes."]));
    const made = await providers({ local: at(server, kind) });
    const { runtime } = await openHouse({ providers: made, tools: ["map", "phone"].map(tool) });
    await furnish(runtime, { temperature: 0.25, vocabulary_hint: "Zermatt", tool_allowlist: ["map"] });
    const { id, notHonoured } = await runtime.openSession({ persona: "ada", from });
    expect(notHonoured).toEqual([]);
    await runtime.send("ada", "Hello", { from, conversation: id });
    await runtime.advanceSession(id, { step: "hello" });
    await runtime.send("ada", "And now?", { from, conversation: id });
    const [first, second] = server.requests.map(bodyOf);
    for (const part of ["Guide them.", "Zermatt", "[Current step: hello]\\nNow: hello."])
      expect(JSON.stringify(first)).toContain(part);
    expect(JSON.stringify(second)).toContain("[Current step: walk]\\nNow: walk.");
    expect(JSON.stringify(second)).not.toContain("[Current step: hello]");
    expect(first.temperature ?? first.generationConfig.temperature).toBe(0.25);
    const offered = JSON.stringify(first.tools);
    expect([offered.includes('"map"'), offered.includes('"phone"')]).toEqual([true, false]);
  });

  test("says what this model does not honour", async () => {
    const made = await providers({ local: at(await openServer(), kind) });
    const { runtime } = await openHouse({ providers: made });
    await furnish(runtime, { context_compression_enabled: true, vad_prefix_padding_ms: 20 });
    const { notHonoured } = await runtime.openSession({ persona: "ada", from });
    expect(notHonoured.map(({ field }) => field)).toEqual(["context_compression_enabled", "vad_prefix_padding_ms"]);
  });

  test("tells the thoughts of its model in the explanation, where the role asks for them", async () => {
    const server = await openServer(say(["Yes."], { thoughts: `${"Hm. ".repeat(2_000)}` }));
    const { runtime } = await openHouse({ providers: await providers({ local: at(server, kind) }) });
    await furnish(runtime, { thinking_level: "low", include_thoughts: true });
    await runtime.catalogue.roles.create({ id: "quiet", display_name: "Quiet", system_prompt: "Hush." });
    const { id } = await runtime.openSession({ persona: "ada", role: "quiet", from });
    const thoughts = await thoughtsOf(runtime, await runtime.send("ada", "Hello", { from }));
    expect(thoughts).toHaveLength(4_000);
    expect(thoughts).toMatch(/^Hm\. Hm\. /);
    const quiet = await thoughtsOf(runtime, await runtime.send("ada", "Hello", { from, conversation: id }));
    expect(quiet).toBeUndefined();
  });

  test("is recorded, and runs again without the network", async () => {
    const file = `${tempFolder()}/turns.jsonl`;
    const server = await openServer(say(["Yes."], { thoughts: "Hm." }));
    const { runtime } = await openHouse({ providers: await providers({ local: at(server, kind) }), record: file });
    await furnish(runtime, { thinking_level: "high", include_thoughts: true, temperature: 0.3 });
    await runtime.send("ada", "Hello", { from });
    await runtime.close();
    await server.close();
    expect(await replay(file)).toMatchObject({ turns: 1, identical: 1, different: 0, leftOut: {} });
  });
});

test("another model of a session is asked, and one that is down holds nothing but its session", async () => {
  const local = await openServer(say(["Local."]));
  const other = await openServer(inOrder(...Array.from({ length: 5 }, () => refuse(503)), say(["Other."])));
  const clock = new ManualClock();
  const made = await providers({ local: at(local), other: at(other, "anthropic") }, { clock, seed: 1 });
  const { runtime } = await openHouse({ clock, providers: made });
  await furnish(runtime);
  const role = { id: "thinker", display_name: "Thinker", system_prompt: "Think.", model: "other:big" };
  await runtime.catalogue.roles.create(role);
  const { id } = await runtime.openSession({ persona: "ada", role: "thinker", from });
  const late = outcomeOf(runtime.send("ada", "Hello", { from, conversation: id }));
  await until(() => other.requests.length === 1 && runtime.status().inFlight === 0);
  expect((await runtime.send("ada", "Hello", { from: "user:8" })).text).toBe("Local.");
  await until(() => {
    if (runtime.status().inFlight === 0 && runtime.status().queued > 0) clock.advance(30_000);
    return runtime.status().answered === 2;
  });
  expect(await late).toBe("Other.");
  expect(other.requests.at(-1)?.body).toMatchObject({ model: "big" });
  expect(runtime.status("ada").breaker.failures).toBe(0);
});

describe("a judge that is a model", () => {
  const criteria = { exit_criteria: "They said their name." };
  const verdict = (met: boolean) =>
    say([JSON.stringify({ reason: "So it is.", met })], { used: { input: 40, output: 9 } });

  test("leads the session to the next step, and what it costs is booked", async () => {
    const [server, bench] = [await openServer(say(["Who are you?"])), await openServer(verdict(false))];
    const made = await providers({ local: at(server), bench: at(bench) });
    const { runtime } = await openHouse({ providers: made, judge: modelJudge(made, "bench:j") });
    await furnish(runtime, {}, criteria);
    const { conversation } = await runtime.send("ada", "Hello", { from });
    const stepOf = async () => (await runtime.session(conversation)).progress;
    await until(() => bench.requests.length === 1);
    await until(async () => (await stepOf())?.verdict !== undefined);
    expect(await stepOf()).toMatchObject({ step_index: 0, verdict: { step_id: "hello", met: false } });
    bench.respond = verdict(true);
    await runtime.send("ada", "I am Bob.", { from });
    await until(async () => (await stepOf())?.step_index === 1);
    expect(await stepOf()).toMatchObject({ verdict: { step_id: "hello", met: true, reason: "So it is." } });
    expect(JSON.stringify(bench.requests.at(-1)?.body)).toContain("I am Bob.");
    const spent = async () => (await runtime.spending({ by: "model" })).find((some) => some.of === "bench:j");
    await until(async () => (await spent())?.calls === 2);
    expect(await spent()).toMatchObject({ inputTokens: 80, outputTokens: 18, unconfirmed: 0 });
    expect(await runtime.spending({ by: "owner" })).toMatchObject([{ of: from, calls: 4 }]);
  });

  test("is not asked where its cost does not fit, and the session goes on", async () => {
    const [server, bench] = [await openServer(say(["Hm."])), await openServer(verdict(true))];
    const made = await providers({ local: { ...at(server), maxOutputTokens: 100 }, bench: at(bench) });
    const warnings: PersonaWarning[] = [];
    const { runtime } = await openHouse({
      providers: made,
      judge: modelJudge(made, "bench:j"),
      budgets: { persona: { tokens: 1_900 } },
      onWarning: (warning) => void warnings.push(warning),
    });
    await furnish(runtime, {}, criteria);
    expect((await runtime.send("ada", "Hello", { from })).text).toBe("Hm.");
    await until(() => warnings.length > 0);
    expect(warnings).toMatchObject([{ code: "judge_failed", cause: { code: "budget_exhausted" } }]);
    expect(bench.requests).toHaveLength(0);
    expect((await runtime.send("ada", "Hello", { from })).text).toBe("Hm.");
  });

  test("that hangs is given up, and the next turn does not wait for it", async () => {
    const [server, bench] = [await openServer(say(["Hm."])), await openServer(() => {})];
    const clock = new ManualClock();
    const made = await providers({ local: at(server), bench: at(bench) }, { clock });
    const warnings: PersonaWarning[] = [];
    const judge = modelJudge(made, "bench:j", { clock });
    const { runtime } = await openHouse({ clock, providers: made, judge, onWarning: (one) => void warnings.push(one) });
    await furnish(runtime, {}, criteria);
    await runtime.send("ada", "Hello", { from });
    await until(() => bench.requests.length === 1);
    expect((await runtime.send("ada", "Still there?", { from })).text).toBe("Hm.");
    await pass(clock, 10_000);
    await until(() => warnings.length === 1);
    expect(warnings).toMatchObject([{ code: "judge_failed", cause: { code: "cognition_timeout" } }]);
    const spent = (await runtime.spending({ by: "model" })).find((some) => some.of === "bench:j");
    expect(spent).toMatchObject({ calls: 1, unconfirmed: 1 });
  });
});
