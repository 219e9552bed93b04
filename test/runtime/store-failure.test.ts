import { expect, it, onTestFinished, vi } from "vitest";
import { PersonaError } from "../../src/index.ts";
import type { Store } from "../../src/store/port.ts";
import type { Cognition, Sleep } from "../../src/types.ts";
import { withItems } from "../store/rows.ts";
import { turns } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { echo, enroll, openOver, outcomeOf, pass } from "./harness.ts";

type Write = "append" | "begin" | "settle" | "saveEnrollment";

/** A store whose next writes of a kind fail; nothing is written then. */
function failing(code: "store_full" | "store_fenced" = "store_full") {
  const left = new Map<Write, number>();
  const broken = new PersonaError(code, "No.");
  const wrap = (store: Store): Store => {
    const guarded = <Name extends Write>(name: Name) =>
      ((...args: Parameters<Store[Name]>) => {
        const times = left.get(name) ?? 0;
        if (times === 0) return (store[name] as (...args: unknown[]) => unknown)(...args);
        left.set(name, times - 1);
        return Promise.reject(broken);
      }) as Store[Name];
    return instead(store, {
      append: guarded("append"),
      begin: guarded("begin"),
      settle: guarded("settle"),
      saveEnrollment: guarded("saveEnrollment"),
    });
  };
  return { wrap, fail: (name: Write, times = 1) => void left.set(name, times) };
}

it("refuses what could not be stored, with the store's code, and gives the room back", async () => {
  const { wrap, fail } = failing();
  const { runtime } = await openOver(wrap);
  await enroll(runtime, "ada", { settings: { maxQueued: 1 } });
  fail("append");
  const refused = runtime.send("ada", "lost", { from: "user:7" });
  await expect(refused.accepted).rejects.toMatchObject({ code: "store_full", status: 507 });
  await expect(refused).rejects.toMatchObject({ code: "store_full" });
  const reply = await runtime.send("ada", "kept", { from: "user:7" });
  expect((await runtime.messages(reply.conversation)).map(({ text }) => text)).toEqual(["kept", "kept"]);
  expect((await runtime.send("ada", "at once", { from: "user:7" })).text).toBe("at once");
});

it("asks cognition only when the turn is written, and tries that again", async () => {
  const { wrap, fail } = failing();
  const { runtime, clock, warnings } = await openOver(wrap);
  const attempts: number[] = [];
  await enroll(runtime, "ada", {
    cognition: (turn) => {
      attempts.push(turn.attempt);
      return echo(turn);
    },
  });
  fail("begin", 3);
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 999);
  expect(attempts).toEqual([]);
  for (let n = 0; n < 3; n += 1) await pass(clock, 1_000);
  expect(await outcomeOf(answer)).toBe("?");
  expect(attempts).toHaveLength(1);
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toMatchObject({ code: "begin_failed", cause: { code: "store_full" } });
});

it.each<[string, Cognition, string]>([
  ["a reply", () => "once", "once"],
  ["a decline", () => ({ decline: "no" }), "declined: The persona declined to answer: no"],
])("writes %s again until it is stored, and asks nobody twice", async (_, cognition, outcome) => {
  const { wrap, fail } = failing();
  const { runtime, clock, warnings } = await openOver(wrap);
  let calls = 0;
  await enroll(runtime, "ada", {
    settings: { deadlineMs: 2_000 },
    cognition: (turn) => {
      calls += 1;
      return cognition(turn);
    },
  });
  fail("settle", 4);
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await turns();
  const behind = runtime.send("ada", "behind", { from: "user:7" });
  for (let second = 0; second < 40; second += 1) await pass(clock, 1_000);
  expect(await Promise.all([answer, behind].map(outcomeOf))).toEqual([outcome, outcome]);
  expect(calls).toBe(2);
  expect(warnings.map(({ code }) => code)).toEqual(Array(4).fill("settle_failed"));
  const { conversation } = await answer.accepted;
  expect(await runtime.messages(conversation)).toHaveLength(outcome === "once" ? 4 : 2);
});

it("writes a failure again, too, and goes on to the dead letter", async () => {
  const { wrap, fail } = failing();
  const { runtime, clock } = await openOver(wrap);
  let calls = 0;
  await enroll(runtime, "ada", {
    cognition: () => {
      calls += 1;
      fail("settle", 2);
      throw new Error("kaput");
    },
  });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  for (let second = 0; second < 60; second += 1) await pass(clock, 1_000);
  expect(await outcomeOf(answer)).toMatch(/^dead: .*kaput/);
  expect(calls).toBe(3);
  expect(runtime.status()).toMatchObject({ dead: 1, queued: 0, inFlight: 0 });
});

it("records the outcome of turns that ran out of time before they could be written", async () => {
  let late: (() => void)[] = [];
  const begin = async () => {
    await new Promise<void>((resolve) => late.push(resolve));
    throw new PersonaError("store_full", "No.");
  };
  const { runtime, clock } = await openOver((store) => instead(store, { begin }));
  await enroll(runtime, "ada", { settings: { deadlineMs: 100 } });
  const answer = runtime.send("ada", "?", { from: "user:7" });
  for (let step = 0; step < 20; step += 1) {
    const overdue = late;
    late = [];
    await pass(clock, 1_000);
    for (const fails of overdue) fails();
  }
  expect(await outcomeOf(answer)).toMatch(/^dead: .*cognition_timeout/);
  const { items } = await answer.accepted;
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "dead" });
});

it("does not write for ever when the store belongs to another, and still closes", async () => {
  const { wrap, fail } = failing("store_fenced");
  const { runtime, clock, warnings } = await openOver(wrap);
  await enroll(runtime, "ada");
  fail("settle", 1_000);
  const answer = runtime.send("ada", "?", { from: "user:7" });
  for (let second = 0; second < 30; second += 1) await pass(clock, 1_000);
  expect(warnings).toHaveLength(1);
  expect(await outcomeOf(answer)).toMatch(/^store_fenced/);
  await runtime.close();
});

it("decides an item once that expires while its failure cannot be written", async () => {
  const { wrap, fail } = failing();
  const { runtime, clock } = await openOver(wrap);
  await enroll(runtime, "ada", {
    cognition: () => {
      throw new Error("kaput");
    },
  });
  fail("settle");
  const answer = runtime.send("ada", "?", { from: "user:7", expiresInMs: 500 });
  for (const ms of [0, 600, 2_000]) await pass(clock, ms);
  expect(await outcomeOf(answer)).toMatch(/^dead: .*expired/);
  const { items } = await answer.accepted;
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "dead", reason: "expired" });
  expect(runtime.status()).toMatchObject({ accepted: 1, dead: 1, queued: 0, inFlight: 0 });
});

it("closes while the store refuses what is to be written", async () => {
  const { wrap, fail } = failing();
  const { runtime, clock } = await openOver(wrap);
  await enroll(runtime, "ada");
  fail("settle", 1_000);
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 1_000);
  await runtime.close({ graceMs: 0 });
  expect(await outcomeOf(answer)).toMatch(/^runtime_closed/);
});

it("enrolls nobody who is not stored, and keeps no ghost of who could not be removed", async () => {
  const { wrap, fail } = failing();
  const { runtime } = await openOver(wrap);
  fail("saveEnrollment");
  await expect(enroll(runtime, "ada")).rejects.toMatchObject({ code: "store_full" });
  expect(runtime.personas()).toEqual([]);
  await enroll(runtime, "ada");
  fail("saveEnrollment");
  await expect(enroll(runtime, "ada", { name: "Changed" })).rejects.toMatchObject({ code: "store_full" });
  expect(runtime.status("ada").name).toBe("ada");
  fail("saveEnrollment");
  await expect(runtime.unenroll("ada")).rejects.toMatchObject({ code: "store_full" });
  await enroll(runtime, "ada");
  expect((await runtime.send("ada", "back", { from: "user:7" })).text).toBe("back");
});

it("hands nothing on when it cannot start", async () => {
  const calls: string[] = [];
  const start = openOver((store) =>
    instead(store, {
      feed: async (sink) => {
        sink(withItems(store, 1).items);
        throw new PersonaError("store_corrupt", "Damaged.");
      },
      settle: async (command) => {
        calls.push("settle");
        return store.settle(command);
      },
    }),
  );
  await expect(start).rejects.toMatchObject({ code: "store_corrupt" });
  await turns();
  expect(calls).toEqual([]);
});

it("does not fall over a warning that nobody can take", async () => {
  const thrown: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  const { wrap, fail } = failing();
  const { runtime, clock } = await openOver(wrap, {
    onWarning: () => {
      throw new Error("not now");
    },
  });
  await enroll(runtime, "ada");
  fail("settle");
  const answer = runtime.send("ada", "?", { from: "user:7" });
  await pass(clock, 1_000);
  expect(await outcomeOf(answer)).toBe("?");
  expect(thrown).toEqual([new Error("not now")]);
});

it("wakes a persona although the store cannot learn of it, and tells it with the next change", async () => {
  const { wrap, fail } = failing();
  let definition = async () => ({}) as { sleep?: Sleep };
  const { runtime, warnings } = await openOver((store) => {
    definition = async () => JSON.parse((await store.enrollments())[0]?.definition ?? "");
    return wrap(store);
  });
  await enroll(runtime, "ada");
  await runtime.configure("ada", { sleep: { mode: "human_only" } });
  fail("saveEnrollment");
  expect(await outcomeOf(runtime.send("ada", "wake up", { from: "user:7" }))).toBe("wake up");
  await turns();
  expect(warnings).toMatchObject([{ code: "wake_failed" }]);
  expect(runtime.status("ada").sleep).toEqual({ mode: "active" });
  expect((await definition()).sleep).toEqual({ mode: "human_only" });
  await runtime.configure("ada", { settings: { roomCap: 3 } });
  expect((await definition()).sleep).toBeUndefined();
});

/** A store that counts as one on disk, so that items are put aside, and that cannot be read at first. */
function unreadable(times: number) {
  let left = times;
  const wrap = (store: Store): Store =>
    instead(store, {
      kind: "sqlite",
      items: (keys) => (left-- > 0 ? Promise.reject(new Error("No.")) : store.items(keys)),
    });
  return { wrap, tries: () => times - left };
}

it("reads again what waits in the store, after a second each time", async () => {
  const { wrap, tries } = unreadable(2);
  const { runtime, clock, warnings } = await openOver(wrap, { store: "memory" });
  await enroll(runtime, "ada", { settings: { windows: { chat: 1 } } });
  const sent = ["a", "b", "c"].map((text) => outcomeOf(runtime.send("ada", text, { from: `user:${text}` })));
  await pass(clock, 999);
  expect(warnings).toMatchObject([{ code: "paging_failed", cause: { message: "No." } }]);
  expect(await runtime.why("ada")).toMatchObject({ queued: 2, inStore: 2, held: { gate: "paging" } });
  await pass(clock, 1);
  expect(tries()).toBe(2);
  await pass(clock, 1_000);
  expect(await Promise.all(sent)).toEqual(["a", "b", "c"]);
});

it("waits for no store any more once it is closed", async () => {
  const { wrap, tries } = unreadable(1);
  const { runtime, clock, warnings } = await openOver(wrap, { store: "memory" });
  await enroll(runtime, "ada", { settings: { windows: { chat: 1 } } });
  const cancelled = vi.fn();
  const { at } = clock;
  const set = vi.spyOn(clock, "at").mockImplementation((moment, wake) => {
    const cancel = at.call(clock, moment, wake);
    return () => {
      cancelled(moment);
      cancel();
    };
  });
  for (const text of ["a", "b", "c"]) void outcomeOf(runtime.send("ada", text, { from: `user:${text}` }));
  await turns();
  const again = clock.now() + 1_000;
  expect(set.mock.calls.map(([moment]) => moment)).toContain(again);
  expect(cancelled).not.toHaveBeenCalledWith(again);
  await runtime.close({ graceMs: 0 });
  expect(cancelled).toHaveBeenCalledWith(again);
  await pass(clock, 1_000);
  expect(tries()).toBe(1);
  expect(warnings).toHaveLength(1);
});

it("hands a slow store a little at a time of what ends together", async () => {
  const { promise: mayWrite, resolve: write } = Promise.withResolvers<void>();
  let asked = 0;
  const { runtime, clock } = await openOver((store) =>
    instead(store, {
      async settle(command) {
        asked += 1;
        await mayWrite;
        return store.settle(command);
      },
    }),
  );
  await enroll(runtime, "ada", { settings: { paused: true, windows: { chat: 1_000 } } });
  const sent = Array.from({ length: 1_000 }, () => runtime.send("ada", "?", { from: "user:7", expiresInMs: 1_000 }));
  await Promise.all(sent.map(({ accepted }) => accepted));
  await pass(clock, 1_000);
  expect(runtime.status()).toMatchObject({ queued: 0, dead: 0 });
  // More at once would stand before whatever else is to be written.
  expect(asked).toBeLessThanOrEqual(256);
  write();
  await turns();
  expect(runtime.status()).toMatchObject({ accepted: 1_000, dead: 1_000 });
});
