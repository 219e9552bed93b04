import { join } from "node:path";
import { expect, it } from "vitest";
import type { SendOptions } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, type House, openHouse, outcomeOf, pass } from "./harness.ts";

/** Ada fails until she is mended. */
async function ward(store = "memory"): Promise<House & { mend(): void }> {
  const house = await openHouse({ store });
  let isBroken = true;
  await enroll(house.runtime, "ada", {
    settings: { breakerFailures: 0 },
    cognition: ({ text, attempt }) => {
      if (isBroken) throw new Error(`kaput at ${text}`);
      return `${text}, at attempt ${attempt}`;
    },
  });
  return Object.assign(house, { mend: () => (isBroken = false) });
}

async function give(house: House, text: string, options: Partial<SendOptions> = {}): Promise<string> {
  const answer = house.runtime.send("ada", text, { from: "user:7", ...options });
  const outcome = outcomeOf(answer);
  let isOver = false;
  void outcome.then(() => (isOver = true));
  const backsOff = () => house.runtime.status("ada").held === "backing_off";
  while (!isOver) {
    await until(() => isOver || backsOff());
    await pass(house.clock, 17_600);
  }
  expect(await outcome).toMatch(/^dead: .*cognition_failed.*kaput/);
  return (await answer.accepted).items[0]?.id ?? "";
}

it.each(["memory", "letters.db"])("keeps what died, and gives it to its persona again (%s)", async (name) => {
  const house = await ward(name === "memory" ? name : join(temporaryFolder(), name));
  const { runtime } = house;
  const dead = await give(house, "hello");
  const [letter] = await runtime.deadLetters();
  expect(letter).toMatchObject({ item: dead, persona: "ada", lane: "chat", reason: "cognition_failed", attempt: 3 });
  expect(letter?.error).toMatch(/kaput at hello/);
  house.mend();
  const fresh = await runtime.replay(dead);
  expect(fresh).toMatchObject({ replayOf: dead, state: "waiting", persona: "ada", attempt: 0 });
  await until(() => runtime.status().answered === 1);
  expect(await runtime.item(fresh.id)).toMatchObject({ state: "answered" });
  expect((await runtime.messages(fresh.conversation)).map(({ text }) => text)).toEqual([
    "hello",
    "hello, at attempt 1",
  ]);
  expect(runtime.status()).toMatchObject({ accepted: 2, answered: 1, dead: 1, queued: 0 });
  // The outcome that was recorded stays what it was.
  expect(await runtime.item(dead)).toMatchObject({ state: "dead", replayOf: undefined });
  expect(await runtime.deadLetters()).toEqual([]);
  for (const again of [runtime.replay(dead), runtime.discard(dead)])
    await expect(again).rejects.toMatchObject({ code: "dead_letter_not_found", status: 404 });
});

it("takes the place of nothing newer", async () => {
  const house = await ward();
  const { runtime } = house;
  const latest = { coalesce: "latest", mergeKey: "weather" } as const;
  const dead = await give(house, "rain", latest);
  house.mend();
  await runtime.configure("ada", { settings: { paused: true } });
  const newer = runtime.send("ada", "sun", { from: "user:7", ...latest });
  await newer.accepted;
  const fresh = await runtime.replay(dead);
  await runtime.configure("ada", { settings: { paused: false } });
  expect(await outcomeOf(newer)).not.toMatch(/superseded/);
  await until(() => runtime.status().queued + runtime.status().inFlight === 0);
  expect(await runtime.item(fresh.id)).toMatchObject({ state: "answered" });
});

it("dies again if nothing has changed", async () => {
  const house = await ward();
  const dead = await give(house, "hello");
  const fresh = await house.runtime.replay(dead);
  for (let n = 0; n < 3; n += 1) await pass(house.clock, 17_600);
  expect(await house.runtime.deadLetters()).toMatchObject([{ item: fresh.id, attempt: 3 }]);
  expect(house.runtime.status()).toMatchObject({ dead: 2, queued: 0 });
});

it("lets a dead letter go, and says so", async () => {
  const house = await ward();
  const { runtime } = house;
  const dead = await give(house, "hello");
  const before = runtime.rev;
  await runtime.discard(dead);
  expect(await runtime.deadLetters()).toEqual([]);
  expect(await runtime.item(dead)).toMatchObject({ state: "dead" });
  const events = runtime.events({ after: before });
  expect((await events.next()).value).toMatchObject({
    type: "item",
    discarded: true,
    item: { id: dead, state: "dead" },
  });
  await events.return?.();
});

it("lists them page by page, and by persona", async () => {
  const house = await ward();
  const { runtime } = house;
  await enroll(runtime, "bob");
  const dead = [await give(house, "one"), await give(house, "two"), await give(house, "three")];
  const items = async (page: Parameters<typeof runtime.deadLetters>[0]) =>
    (await runtime.deadLetters(page)).map(({ item }) => item);
  expect(await items({ limit: 2 })).toEqual(dead.slice(0, 2));
  expect(await items({ after: dead[1] ?? "" })).toEqual(dead.slice(2));
  expect(await items({ persona: "ada" })).toEqual(dead);
  expect(await items({ persona: "bob" })).toEqual([]);
  await expect(items({ persona: "nobody" })).rejects.toMatchObject({ code: "persona_not_found" });
  await expect(items({ limit: 201 })).rejects.toMatchObject({ code: "invalid_input" });
});

it("replays nothing that its persona cannot take, and keeps the letter", async () => {
  const house = await ward();
  const { runtime } = house;
  const dead = await give(house, "hello");
  await runtime.configure("ada", { settings: { paused: true, maxQueued: 1 } });
  void outcomeOf(runtime.send("ada", "waiting", { from: "user:8" }));
  await turns();
  await expect(runtime.replay(dead)).rejects.toMatchObject({ code: "inbox_full" });
  await runtime.unenroll("ada", "return");
  await expect(runtime.replay(dead)).rejects.toMatchObject({ code: "persona_not_found" });
  expect(await runtime.deadLetters()).toMatchObject([{ item: dead }]);
});

it("knows only the ids of items that died", async () => {
  const house = await ward();
  house.mend();
  const reply = await house.runtime.send("ada", "hello", { from: "user:7" });
  for (const id of [reply.answers[0] ?? "", reply.id, "nonsense"])
    await expect(house.runtime.replay(id)).rejects.toMatchObject({ code: "dead_letter_not_found" });
});
