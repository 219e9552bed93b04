import { expect, it, onTestFinished } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { turns } from "../support/event-loop.ts";
import { enroll, gated, heardFrom, openHouse, outcomeOf, pass } from "./harness.ts";

it("is accepted with the ids of what was stored, long before it is answered", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const answer = runtime.send("ada", "Hello", { from: "user:7" });
  const accepted = await answer.accepted;
  expect(accepted).toMatchObject({ items: [{ persona: "ada" }], refused: [], replayed: false });
  await turns();
  expect(gate.heard).toEqual(["Hello"]);
  gate.release();
  const reply = await answer;
  expect(reply).toMatchObject({ text: "Hello", persona: "ada", conversation: accepted.conversation });
  expect(reply.answers).toEqual([accepted.items[0]?.id]);
  expect(await runtime.messages(accepted.conversation)).toMatchObject([
    { id: accepted.message, from: { kind: "human", id: "user:7" }, text: "Hello", turn: undefined },
    { id: reply.id, from: { kind: "persona", id: "ada" }, replyTo: accepted.message, turn: reply.turn },
  ]);
});

it("need not be waited for: who only tells hears whether it was accepted, or why not", async () => {
  const { runtime } = await openHouse();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const options = { from: "user:7", idempotencyKey: "once" };
  const told = await runtime.tell("ada", "Hello", options);
  expect(told).toMatchObject({ items: [{ persona: "ada" }], refused: [], replayed: false });
  expect(await runtime.tell("ada", "Hello", options)).toEqual({ ...told, replayed: true });
  // Somebody else may wait for the same message.
  const answer = runtime.send("ada", "Hello", options);
  expect(await answer.accepted).toEqual({ ...told, replayed: true });
  const reply = outcomeOf(answer);
  await turns();
  gate.release();
  expect(await reply).toBe("Hello");
  await expect(runtime.tell("nobody", "Hello", options)).rejects.toMatchObject({ code: "persona_not_found" });
  await expect(runtime.tell("ada", " ", options)).rejects.toMatchObject({ code: "invalid_input" });
  await runtime.close();
  await expect(runtime.tell("ada", "Hello", options)).rejects.toMatchObject({ code: "runtime_closed" });
});

it("is heard while it is spoken, by any number of listeners, and by those who come when it is over", async () => {
  const { runtime } = await openHouse();
  const gate = Promise.withResolvers<void>();
  await enroll(runtime, "ada", {
    async *cognition() {
      yield "one ";
      await gate.promise;
      yield "two";
    },
  });
  const answer = runtime.send("ada", "count", { from: "user:7" });
  const tokens = answer.tokens[Symbol.asyncIterator]();
  expect(await tokens.next()).toEqual({ done: false, value: "one " });
  const listeners = [heardFrom(answer), heardFrom(answer)];
  gate.resolve();
  expect(await tokens.next()).toEqual({ done: false, value: "two" });
  expect(await tokens.next()).toEqual({ done: true, value: undefined });
  expect(await Promise.all([...listeners, heardFrom(answer)])).toEqual(Array(3).fill(["one ", "two"]));
  expect((await answer).text).toBe("one two");
});

it("takes what was streamed for the reply unless another text is returned", async () => {
  const { runtime } = await openHouse();
  const said = async (id: string) => {
    const answer = runtime.send(id, "?", { from: "user:7" });
    return [await outcomeOf(answer), await heardFrom(answer)];
  };
  await enroll(runtime, "streams", {
    cognition: (turn) => [turn.stream("a"), turn.stream(""), turn.stream("b")][0] as undefined,
  });
  await enroll(runtime, "corrects", { cognition: (turn) => ({ text: `${turn.stream("dra") ?? "final"}` }) });
  await enroll(runtime, "returns", { cognition: () => "whole" });
  expect(await said("streams")).toEqual(["ab", ["a", "b"]]);
  expect(await said("corrects")).toEqual(["final", ["dra"]]);
  expect(await said("returns")).toEqual(["whole", ["whole"]]);
});

it("lets the tokens of a failed attempt be followed by those of the next", async () => {
  const { runtime, clock } = await openHouse();
  await enroll(runtime, "ada", {
    cognition: (turn) => {
      turn.stream(`try ${turn.attempt}`);
      if (turn.attempt === 1) throw new Error("broken");
      return undefined;
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 1_100);
  expect(await outcomeOf(answer)).toBe("try 2");
  expect(await heardFrom(answer)).toEqual(["try 1", "try 2"]);
});

it("throws the same through the handle, its tokens and, when it was refused, its acceptance", async () => {
  const { runtime } = await openHouse();
  await enroll(runtime, "shy", { cognition: () => ({ decline: "not today" }) });
  const declined = runtime.send("shy", "?", { from: "user:7" });
  await expect(declined).rejects.toMatchObject({ code: "declined", message: expect.stringContaining("not today") });
  await expect(heardFrom(declined)).rejects.toMatchObject({ code: "declined" });
  await expect(declined.accepted).resolves.toMatchObject({ replayed: false });

  const refused = runtime.send("nobody", "?", { from: "user:7" });
  for (const view of [refused, refused.accepted, heardFrom(refused)])
    await expect(view).rejects.toMatchObject({ code: "persona_not_found" });
});

it("lets nothing that a handler streams too late through", async () => {
  const { runtime, clock } = await openHouse();
  let late: (token: string) => void = () => {};
  await enroll(runtime, "ada", {
    settings: { deadlineMs: 100 },
    cognition: async (turn) => {
      if (turn.attempt === 2) return "in time";
      late = turn.stream;
      await new Promise(() => {});
      return undefined;
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 100);
  late("too late");
  await pass(clock, 1_100);
  expect([await outcomeOf(answer), await heardFrom(answer)]).toEqual(["in time", ["in time"]]);
});

it("without a provider is a rehearsal: from the definition, always the same, and it says so", async () => {
  const texts = [];
  for (const model of [undefined, undefined, "cloud:large"]) {
    const runtime = await createRuntime({ store: "memory" });
    onTestFinished(() => runtime.close());
    await enroll(runtime, "ada", { name: "Ada", instructions: "Be kind.", ...(model && { model }) });
    expect(runtime.status("ada").cognition).toBe("rehearsal");
    const reply = await runtime.send("ada", "Hello", { from: "user:7" });
    expect((await runtime.explain(reply.id)).cognition).toMatchObject({ kind: "rehearsal", model });
    texts.push(reply.text);
  }
  expect(texts[0]).toBe("[rehearsal: no model is configured] Ada here. I heard “Hello”. My instructions: Be kind.");
  expect(texts[1]).toBe(texts[0]);
  expect(texts[2]).toContain("no provider for cloud:large is configured");
});
