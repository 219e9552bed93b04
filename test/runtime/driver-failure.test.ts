/** The native fleet is taken away behind the runtime's back, as a panic would take it. */
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { loadAddon } from "../../src/addon.ts";
import type { Cognition } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { enroll, gated, type House, openHouse, openOver, outcomeOf } from "./harness.ts";

/** A house, and a way to take the fleet away that it has at the moment. */
async function openFragile(open: () => Promise<House> = () => openHouse()) {
  const create = vi.spyOn(loadAddon(), "fleetCreate");
  onTestFinished(() => create.mockRestore());
  const house = await open();
  const loseDriver = () => loadAddon().fleetClose(create.mock.results.at(-1)?.value);
  return {
    ...house,
    loseDriver,
    /** Resolves once it was noticed. */
    async breakDriver() {
      loseDriver();
      await house.runtime.send("ada", "first to notice", { from: "user:notice" }).accepted.catch(() => {});
    },
  };
}

it("rebuilds the fleet from the store: what ran is tried again, what waited is answered", async () => {
  const { runtime, warnings, breakDriver } = await openFragile();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  await enroll(runtime, "bob", { settings: { paused: true } });
  const running = runtime.send("ada", "running", { from: "user:1" });
  await until(() => gate.heard.length === 1);
  const waiting = runtime.send("ada", "waiting", { from: "user:2" });
  const paused = runtime.send("bob", "paused", { from: "user:1" });
  await Promise.all([waiting.accepted, paused.accepted]);
  await breakDriver();
  expect(warnings).toMatchObject([{ code: "driver_failed", cause: { message: expect.stringContaining("closed") } }]);

  await until(() => gate.heard.length === 2);
  expect((await runtime.readiness()).ready).toBe(true);
  expect(runtime.status()).toMatchObject({ driver: true, queued: 2, inFlight: 1 });
  for (let n = 0; n < 3; n += 1) {
    gate.release();
    await turns();
  }
  expect([await outcomeOf(running), await outcomeOf(waiting)]).toEqual(["running", "waiting"]);
  const { items } = await running.accepted;
  expect(await runtime.explain(items[0]?.id ?? "")).toMatchObject({ attempt: 2, outcome: "answered" });
  await enroll(runtime, "bob");
  expect(await outcomeOf(paused)).toBe("paused");
  expect(runtime.status()).toMatchObject({ accepted: 3, answered: 3, dead: 0, queued: 0, inFlight: 0 });
});

it("says that it is not ready, and refuses with a code, until the fleet is rebuilt", async () => {
  const { promise: mayFeed, resolve: feed } = Promise.withResolvers<void>();
  let feeds = 0;
  const { runtime, breakDriver } = await openFragile(() =>
    openOver((store) =>
      instead(store, {
        async feed(sink) {
          feeds += 1;
          if (feeds > 1) await mayFeed;
          return store.feed(sink);
        },
      }),
    ),
  );
  await enroll(runtime, "ada");
  await breakDriver();
  await until(() => feeds === 2);
  expect(await runtime.readiness()).toMatchObject({ ready: false, checks: { driver: "failed", store: "ok" } });
  expect(runtime.status()).toMatchObject({ driver: false });
  const refused = [
    runtime.send("ada", "?", { from: "user:1" }).accepted,
    enroll(runtime, "cid"),
    runtime.unenroll("ada"),
  ];
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: "driver_failed", status: 503 });
  feed();
  await until(() => runtime.status().driver);
  expect((await runtime.readiness()).ready).toBe(true);
  expect(await outcomeOf(runtime.send("ada", "again", { from: "user:1" }))).toBe("again");
});

it("gives one place to a persona that is enrolled while the fleet is rebuilt", async () => {
  const { promise: mayHear, resolve: hear } = Promise.withResolvers<void>();
  const { runtime, breakDriver } = await openFragile(() =>
    openOver((store) =>
      instead(store, {
        async saveEnrollment(row) {
          const rev = await store.saveEnrollment(row);
          if (row.id === "bob") await mayHear;
          return rev;
        },
      }),
    ),
  );
  await enroll(runtime, "ada");
  const enrolled = enroll(runtime, "bob", { cognition: () => "bob's own" });
  await turns();
  const place = vi.spyOn(loadAddon(), "fleetEnroll");
  onTestFinished(() => place.mockRestore());
  await breakDriver();
  await until(() => runtime.status().driver);
  hear();
  await enrolled;
  expect(place).toHaveBeenCalledTimes(2);
  expect(await outcomeOf(runtime.send("bob", "?", { from: "user:1" }))).toBe("bob's own");
});

it("lets a persona go that was leaving when the fleet was lost", async () => {
  const { runtime, breakDriver } = await openFragile();
  const fails = Promise.withResolvers<string>();
  const asked = vi.fn(() => (asked.mock.calls.length === 1 ? fails.promise : "at last"));
  await enroll(runtime, "ada", { cognition: asked });
  const answer = runtime.send("ada", "?", { from: "user:1" });
  await until(() => asked.mock.calls.length === 1);
  const gone = runtime.unenroll("ada", "drain");
  await turns();
  await breakDriver();
  fails.reject(new Error("too late to count"));
  expect(await outcomeOf(answer)).toBe("at last");
  await gone;
  expect(runtime.personas()).toEqual([]);
});

it("gives the driver up when it fails again and again; the next start answers what was accepted", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const { runtime, warnings, breakDriver } = await openFragile(() => openHouse({ store }));
  await enroll(runtime, "ada", { cognition: () => new Promise(() => {}) });
  const sent = ["running", "waiting"].map((text) => runtime.send("ada", text, { from: `user:${text}` }));
  await Promise.all(sent.map((answer) => answer.accepted));
  for (let n = 0; n < 3; n += 1) {
    await until(() => runtime.status().driver && runtime.status("ada").inFlight === 1);
    await breakDriver();
  }
  for (const answer of sent) expect(await outcomeOf(answer)).toMatch(/^driver_failed: .*kept/);
  expect(warnings.map(({ code }) => code)).toEqual([...Array(3).fill("driver_failed"), "driver_given_up"]);
  expect(await runtime.readiness()).toMatchObject({ ready: false, checks: { driver: "failed", store: "ok" } });
  await runtime.close();

  const second = await openHouse({ store });
  await enroll(second.runtime, "ada");
  await until(() => second.runtime.status().answered === 2);
  for (const answer of sent) {
    const { items } = await answer.accepted;
    expect(await second.runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "answered" });
  }
});

it("is lost to nobody who waits for a provider, or is called by one, at that moment", async () => {
  const { runtime, loseDriver } = await openFragile();
  const waiting: (() => void)[] = [];
  const admission: Cognition["admission"] = {
    enter(_guest, again) {
      if (waiting.length === 2) return { answer: () => "Here.", leave: () => {} };
      waiting.push(again);
      // Native is told next that it waits.
      if (waiting.length === 1) loseDriver();
      return { obstacle: "provider_open", until: undefined, cancel: () => {} };
    },
  };
  await enroll(runtime, "ada", { cognition: Object.assign(() => "By the back door.", { admission }) });
  const answer = outcomeOf(runtime.send("ada", "Hello", { from: "user:1" }));
  await until(() => waiting.length === 1 && runtime.status().driver);
  waiting[0]?.();
  await until(() => waiting.length === 2);
  loseDriver();
  // Others wait behind it, of other runtimes too.
  expect(() => waiting[1]?.()).not.toThrow();
  expect(await answer).toBe("Here.");
});
