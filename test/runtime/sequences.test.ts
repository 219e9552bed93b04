import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import * as z from "zod";
import { PersonaError } from "../../src/errors.ts";
import { createRuntime, defineTool, ManualClock } from "../../src/index.ts";
import type { Store } from "../../src/store/port.ts";
import type { Runtime, RuntimeEvent } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { furnish, openGuided, TOUR } from "./catalogue-house.ts";
import { eventsOf, openOver, outcomeOf, pass } from "./harness.ts";

const from = "user:7";

const stepsIn = (events: readonly RuntimeEvent[]) =>
  events.flatMap((event) =>
    event.type === "sequence_step" ? [`${event.step} ${event.status} by ${event.reason}`] : [],
  );

async function say(runtime: Runtime, id: string, count = 1): Promise<void> {
  for (let n = 0; n < count; n += 1) await runtime.send("guide", `${n}`, { from, conversation: id });
}

it("goes on at the bound of each step, and ends after the last", async () => {
  const steps = TOUR.steps.map((step, n) => ({ ...step, max_turns: n + 1 }));
  const { runtime, turns: asked } = await openGuided({}, { ...TOUR, steps });
  const events = eventsOf(runtime);
  const { id } = await runtime.openSession({ persona: "guide", from });
  await say(runtime, id, 8);
  const told = asked.map(({ session }) => session?.step_id);
  expect(told).toEqual([..."hello walk walk bye bye bye".split(" "), undefined, undefined]);
  expect(asked.at(-1)?.session?.system_prompt).not.toContain("Current step");
  await until(() => stepsIn(events).length > 6);
  expect(stepsIn(events)).toEqual([
    "hello entered by begun",
    "hello completed by max_turns",
    "walk entered by max_turns",
    "walk completed by max_turns",
    "bye entered by max_turns",
    "bye completed by max_turns",
    "bye sequence_completed by max_turns",
  ]);
  expect((await runtime.session(id)).progress).toMatchObject({ status: "completed", turns: 6 });
});

it("stays in the last step until it is closed, or ends at the bound of the sequence", async () => {
  const bounded = TOUR.steps.map((step) => ({ ...step, max_turns: 1 }));
  const { runtime } = await openGuided({}, { ...TOUR, steps: bounded, completion: "explicit_close" });
  const { id } = await runtime.openSession({ persona: "guide", from });
  await say(runtime, id, 5);
  expect((await runtime.session(id)).progress).toMatchObject({ status: "running", step_index: 2, turns: 5 });
  await runtime.catalogue.sequences.put("tour", { ...TOUR, completion: "max_turns", max_turns: 2 });
  const other = await runtime.openSession({ persona: "guide", from });
  await say(runtime, other.id, 3);
  expect((await runtime.session(other.id)).progress).toMatchObject({ status: "completed", step_index: 0, turns: 2 });
});

it("offers what the role allows, and leaves a step once each of its tools has answered", async () => {
  const tool = (name: string, execute: () => unknown) =>
    defineTool({ name, description: `${name}.`, parameters: z.object({}), execute });
  let works = false;
  const tools = [
    tool("look", () => {
      if (!works) throw new Error("It is dark.");
      return "a door";
    }),
    tool("open", () => "opened"),
    tool("burn", () => "ashes"),
  ];
  const steps = TOUR.steps.map((step, n) => ({ ...step, max_turns: 1, ...(n === 0 && { require_tools: ["look"] }) }));
  const offered: string[][] = [];
  const { runtime } = await openGuided(
    {
      tools,
      cognition: async (turn) => {
        offered.push(turn.tools.map(({ name }) => name));
        await turn.tools[0]?.call({}).catch(() => {});
        return "done";
      },
    },
    { ...TOUR, steps },
  );
  await runtime.catalogue.roles.patch("host", { tool_allowlist: ["look", "open"] });
  const { id } = await runtime.openSession({ persona: "guide", from });
  await say(runtime, id);
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 0, turns_in_step: 1, tools: [] });
  const refused = await runtime.advanceSession(id, { step: "hello" }).catch((error: PersonaError) => error.code);
  expect(refused).toBe("step_incomplete");
  works = true;
  await say(runtime, id);
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 1 });
  await runtime.configure("guide", { settings: { tools: ["open", "burn"] } });
  await say(runtime, id);
  expect(offered).toEqual([["look", "open"], ["look", "open"], ["open"]]);
});

it("counts no turn that was declined or failed", async () => {
  let outcome: "decline" | "fail" | "answer" = "decline";
  const steps = TOUR.steps.map((step) => ({ ...step, max_turns: 1 }));
  const { runtime, clock } = await openGuided(
    {
      cognition: () => {
        if (outcome === "fail") throw new Error("no");
        return outcome === "decline" ? { decline: "not now" } : "yes";
      },
    },
    { ...TOUR, steps },
  );
  const { id } = await runtime.openSession({ persona: "guide", from });
  await outcomeOf(runtime.send("guide", "1", { from, conversation: id }));
  outcome = "fail";
  const failing = outcomeOf(runtime.send("guide", "2", { from, conversation: id }));
  await turns();
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 0, turns: 0 });
  outcome = "answer";
  await pass(clock, 2_000);
  expect(await failing).toBe("yes");
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 1, turns: 1 });
});

it("counts a turn for the step in which it began", async () => {
  let advance = async () => {};
  const steps = TOUR.steps.map((step) => ({ ...step, max_turns: 1 }));
  const { runtime } = await openGuided({ cognition: async () => advance().then(() => "done") }, { ...TOUR, steps });
  const { id } = await runtime.openSession({ persona: "guide", from });
  advance = async () => void (await runtime.advanceSession(id, { step: "hello" }));
  await say(runtime, id);
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 1, turns: 1, turns_in_step: 0 });
});

it("tells its steps to whom the session belongs, also who resumes", async () => {
  const { runtime } = await openGuided();
  const began = runtime.rev;
  const { id } = await runtime.openSession({ persona: "guide", from });
  await runtime.advanceSession(id, { step: "hello" });
  const views = {
    owner: runtime.tenant("default", { owner: from }),
    other: runtime.tenant("default", { owner: "user:8" }),
    abroad: runtime.tenant("other"),
  };
  const heard = Object.fromEntries(Object.entries(views).map(([name, view]) => [name, eventsOf(view, began)]));
  await turns();
  const steps = (of: string) => heard[of]?.filter(({ type }) => type === "sequence_step");
  expect(steps("owner")).toMatchObject([
    { type: "sequence_step", conversation: id, persona: "guide", sequence: "tour", step: "hello", stepIndex: 0 },
    { step: "hello", status: "completed", reason: "advanced", verdict: undefined, turn: undefined },
    { step: "walk", status: "entered" },
  ]);
  expect(steps("other")).toEqual([]);
  expect(steps("abroad")).toEqual([]);
});

it("has a turn say what it followed", async () => {
  const { runtime } = await openGuided();
  const { id } = await runtime.openSession({ persona: "guide", from });
  const { turn } = await runtime.send("guide", "hi", { from, conversation: id });
  const versions = { persona: 1, role: 1, sequence: 1 };
  expect((await runtime.explain(turn)).session).toEqual({
    role: "host",
    sequence: "tour",
    step: "hello",
    stepIndex: 0,
    versions,
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const inline = await runtime.send("ada", "hi", { from });
  expect((await runtime.explain(inline.turn)).session).toBeUndefined();
});

/** What a schedule does: a message, a request to leave a step, or a store that fails at its next write of a kind. */
const deeds = fc.array(
  fc.oneof(
    { arbitrary: fc.constant("say"), weight: 4 },
    { arbitrary: fc.constantFrom("leave 0", "leave 1", "leave 2", "leave 3"), weight: 5 },
    { arbitrary: fc.constantFrom("refresh", "wait"), weight: 2 },
    { arbitrary: fc.constantFrom("fail settle", "fail changeSession", "fail begin"), weight: 2 },
  ),
  { minLength: 4, maxLength: 30 },
);

it("never skips or repeats a step, whatever comes together and whichever write fails", async () => {
  const ids = ["a", "b", "c", "d"];
  const steps = ids.map((id, n) => ({ id, instruction: id, ...(n % 2 === 0 && { max_turns: 2 }) }));
  await fc.assert(
    fc.asyncProperty(deeds, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 20 }), async (schedule, delays) => {
      const failing = new Set<string>();
      let calls = 0;
      const wrap = (store: Store): Store => {
        const slow = <Name extends "settle" | "changeSession" | "begin">(name: Name) =>
          (async (...args: Parameters<Store[Name]>) => {
            calls += 1;
            await turns(delays[calls % delays.length]);
            if (failing.delete(name)) throw new PersonaError("store_full", "No.");
            const written = await (store[name] as (...args: unknown[]) => Promise<unknown>)(...args);
            await turns(delays[(calls + 1) % delays.length]);
            // It is written, and yet nobody hears of it.
            if (failing.delete(`after ${name}`)) throw new PersonaError("store_unavailable", "No.");
            return written;
          }) as unknown as Store[Name];
        return instead(store, { settle: slow("settle"), changeSession: slow("changeSession"), begin: slow("begin") });
      };
      const { runtime, clock } = await openOver(wrap);
      await furnish(runtime, { ...TOUR, steps });
      const events = eventsOf(runtime);
      const { id } = await runtime.openSession({ persona: "guide", from });
      const asked: Promise<unknown>[] = [];
      const ask = (request: Promise<unknown>) => void asked.push(request.catch(() => {}));
      let said = 0;
      for (const deed of schedule) {
        const [what, which = ""] = deed.split(" ");
        if (what === "say") {
          said += 1;
          void outcomeOf(runtime.send("guide", `${said}`, { from, conversation: id, mergeKey: `${said}` }));
        } else if (what === "leave") ask(runtime.advanceSession(id, { step: ids[Number(which)] ?? "" }));
        else if (what === "refresh") ask(runtime.refreshSession(id));
        else if (what === "fail") failing.add(said % 2 === 0 || which === "begin" ? which : `after ${which}`);
        else await turns(3);
      }
      await Promise.all(asked);
      const isIdle = () => said === 0 || runtime.status().queued + runtime.status().inFlight === 0;
      for (let n = 0; n < 3 || !isIdle(); n += 1) await pass(clock, 16_000);
      // Of what nobody heard of there is an event, too; the next change has it read.
      await runtime.createRoom({});
      await turns();
      const entered = events.flatMap((event) => (event.type === "sequence_step" ? [event] : []));
      const expected = ids.flatMap((step, n) => [
        { step, stepIndex: n, status: "entered" },
        { step, stepIndex: n, status: "completed" },
      ]);
      const told = entered.map(({ step, stepIndex, status }) => ({ step, stepIndex, status }));
      const over = told.at(-1)?.status === "sequence_completed";
      expect(over ? told.slice(0, -1) : told).toEqual(expected.slice(0, over ? expected.length : told.length));
      const { progress, resolved } = await runtime.session(id);
      expect(resolved?.step_id).toBe(told.at(-1)?.step);
      expect(progress?.turns ?? 0).toBeLessThanOrEqual(said);
      // Each answer has counted once, unless the sequence had ended before it.
      const answered = (await runtime.messages(id)).filter((message) => message.turn !== undefined).length;
      if (!over) expect(progress?.turns).toBe(answered);
    }),
    // A database takes its time.
    { numRuns: process.env["PERSONA_TEST_STORE"] === undefined ? 100 : 30 },
  );
});

it("is where it was after the process has ended in a turn, which does not count", async () => {
  const file = join(temporaryFolder(), "sequences.db");
  const clock = new ManualClock();
  const open = (cognition: () => Promise<string> | string) => createRuntime({ store: file, clock, seed: 1, cognition });
  const steps = TOUR.steps.map((step) => ({ ...step, max_turns: 2 }));
  let runtime = await open(() => "yes");
  await furnish(runtime, { ...TOUR, steps });
  const { id } = await runtime.openSession({ persona: "guide", from });
  await runtime.advanceSession(id, { step: "hello" });
  await say(runtime, id);
  await runtime.close();
  const before = { step_index: 1, turns: 1, turns_in_step: 1 };

  runtime = await open(() => new Promise(() => {}));
  void outcomeOf(runtime.send("guide", "cut off", { from, conversation: id }));
  while (runtime.status("guide").inFlight === 0) await turns();
  await runtime.close({ graceMs: 0 });

  runtime = await open(() => "now");
  expect((await runtime.session(id)).progress).toMatchObject(before);
  while ((await runtime.messages(id)).length < 4) await turns();
  while ((await runtime.session(id)).progress?.step_index !== 2) await turns();
  expect((await runtime.session(id)).progress).toMatchObject({ step_index: 2, turns: 2, turns_in_step: 0 });
  await runtime.close();
});
