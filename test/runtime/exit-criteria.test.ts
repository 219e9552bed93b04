import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import type { ExitQuestion, Verdict } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { openGuided, TOUR } from "./catalogue-house.ts";
import { eventsOf, outcomeOf, pass } from "./harness.ts";

const from = "user:7";
const STEPS = TOUR.steps.map((step) => ({ ...step, exit_criteria: `It is over with ${step.id}.` }));

/** A judge that decides when it is told to. */
function judging() {
  const questions: (ExitQuestion & PromiseWithResolvers<Verdict>)[] = [];
  const judge = (question: ExitQuestion) => {
    const asked = Object.assign({ ...question }, Promise.withResolvers<Verdict>());
    questions.push(asked);
    return asked.promise;
  };
  return { judge, questions };
}

async function openJudged(judge: (question: ExitQuestion) => Promise<Verdict>) {
  const house = await openGuided({ judge }, { ...TOUR, steps: STEPS });
  const { id } = await house.runtime.openSession({ persona: "guide", from });
  const say = (text: string) => outcomeOf(house.runtime.send("guide", text, { from, conversation: id }));
  return { ...house, id, say, progress: async () => (await house.runtime.session(id)).progress };
}

it("asks after a turn whether its step is over, and goes on when it is", async () => {
  const { judge, questions } = judging();
  const { runtime, id, say, progress } = await openJudged(judge);
  const events = eventsOf(runtime);
  expect(await say("hi")).toBe("hello");
  await turns();
  expect(questions).toHaveLength(1);
  expect(questions[0]).toMatchObject({
    session: { step_id: "hello" },
    step: { id: "hello", exit_criteria: "It is over with hello." },
    messages: [{ text: "hi" }, { text: "hello" }],
  });
  questions[0]?.resolve({ met: false, reason: "Nobody has greeted." });
  await turns();
  // Nothing holds on to a question that was answered.
  expect(getEventListeners(questions[0]?.signal as AbortSignal, "abort")).toEqual([]);
  expect(await progress()).toMatchObject({
    step_index: 0,
    verdict: { step_id: "hello", met: false, reason: "Nobody has greeted.", turns: 1 },
  });
  await say("hello");
  await turns();
  questions[1]?.resolve({ met: true, reason: "They have." });
  await turns();
  expect(await progress()).toMatchObject({ step_index: 1, turns: 2 });
  expect(events.filter(({ type }) => type === "sequence_step")).toMatchObject([
    { step: "hello", status: "completed", reason: "exit_criteria", verdict: { met: true, reason: "They have." } },
    { step: "walk", status: "entered", reason: "exit_criteria", verdict: undefined },
  ]);
  expect((await runtime.session(id)).resolved?.step_id).toBe("walk");
});

it("lets the next turn come before the verdict, and asks once more for both", async () => {
  const { judge, questions } = judging();
  const { say, progress, turns: asked } = await openJudged(judge);
  for (const text of ["1", "2", "3"]) await say(text);
  await turns();
  expect(asked.map(({ session }) => session?.step_id)).toEqual(["hello", "hello", "hello"]);
  expect(questions).toHaveLength(1);
  questions[0]?.resolve({ met: false, reason: "No." });
  await turns();
  expect(questions).toHaveLength(2);
  expect(questions[1]?.messages).toHaveLength(6);
  questions[1]?.resolve({ met: true, reason: "Yes." });
  await turns();
  expect(questions).toHaveLength(2);
  expect(await progress()).toMatchObject({ step_index: 1, turns: 3 });
});

it("takes no verdict for a step that was left meanwhile, nor for a session that is closed", async () => {
  const { judge, questions } = judging();
  const { runtime, id, say, progress, warnings } = await openJudged(judge);
  await say("hi");
  await turns();
  await runtime.advanceSession(id, { step: "hello" });
  questions[0]?.resolve({ met: true, reason: "Yes." });
  await turns();
  expect(await progress()).toMatchObject({ step_index: 1 });
  await say("on");
  await turns();
  await runtime.closeSession(id);
  questions.at(-1)?.resolve({ met: true, reason: "Yes." });
  await turns();
  expect(await progress()).toMatchObject({ step_index: 1, status: "completed" });
  expect(warnings).toEqual([]);
});

it.each([
  ["fails", () => Promise.reject(new Error("no network"))],
  ["says nothing sensible", () => Promise.resolve("yes" as unknown as Verdict)],
  [
    "throws",
    () => {
      throw new Error("at once");
    },
  ],
])("stays in its step when the judge %s, and asks again after the next turn", async (_, judge) => {
  let calls = 0;
  const { say, progress, warnings } = await openJudged(() => {
    calls += 1;
    return judge();
  });
  await say("1");
  await turns();
  await say("2");
  await turns();
  expect(calls).toBe(2);
  expect(warnings.map(({ code }) => code)).toEqual(["judge_failed", "judge_failed"]);
  expect(await progress()).toMatchObject({ step_index: 0, turns: 2 });
});

it("gives the judge half a minute, and lets it go when the runtime closes", async () => {
  const signals: AbortSignal[] = [];
  const { runtime, clock, say, warnings } = await openJudged(({ signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  await say("1");
  await pass(clock, 29_999);
  expect(signals[0]?.aborted).toBe(false);
  await pass(clock, 1);
  expect(signals[0]?.reason).toMatchObject({ code: "judge_timeout" });
  expect(warnings).toMatchObject([{ code: "judge_failed", cause: { code: "judge_timeout" } }]);
  await say("2");
  await turns();
  await runtime.close({ graceMs: 0 });
  expect(signals[1]?.reason).toMatchObject({ code: "runtime_closed" });
  expect(warnings).toHaveLength(1);
});

it("asks of sixteen sessions at once", async () => {
  const { judge, questions } = judging();
  const { runtime } = await openGuided({ judge }, { ...TOUR, steps: STEPS });
  const sessions = await Promise.all(
    Array.from({ length: 20 }, (_, n) => runtime.openSession({ persona: "guide", from: `user:${n}` })),
  );
  const send = ({ id, caller }: { id: string; caller: string }) =>
    runtime.send("guide", "hi", { from: caller, conversation: id });
  await Promise.all(sessions.map(send));
  await turns();
  expect(questions).toHaveLength(16);
  questions[0]?.resolve({ met: true, reason: "Yes." });
  await turns();
  expect(questions).toHaveLength(17);
});
