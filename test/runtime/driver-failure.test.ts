import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { loadAddon } from "../../src/addon.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { enroll, gated, openHouse, outcomeOf } from "./harness.ts";

/** A house, and a way to take its native fleet away behind its back. */
async function openFragile(store = "memory") {
  const create = vi.spyOn(loadAddon(), "fleetCreate");
  onTestFinished(() => create.mockRestore());
  const house = await openHouse({ store });
  const native = create.mock.results.at(-1)?.value;
  return { ...house, breakDriver: () => loadAddon().fleetClose(native) };
}

it("says that it is not ready, refuses with a code, and keeps what runs", async () => {
  const { runtime, warnings, breakDriver } = await openFragile();
  const gate = gated();
  await enroll(runtime, "ada", { cognition: gate.cognition });
  const running = runtime.send("ada", "running", { from: "user:1" });
  await turns();
  breakDriver();
  const first = runtime.send("ada", "first to notice", { from: "user:2" });
  await expect(first.accepted).rejects.toMatchObject({ code: "driver_failed", status: 503 });
  await turns();
  expect(warnings).toMatchObject([{ code: "driver_failed", cause: { message: expect.stringContaining("closed") } }]);
  expect(await runtime.readiness()).toMatchObject({ ready: false, checks: { driver: "failed", store: "ok" } });
  expect(runtime.status()).toMatchObject({ driver: false });
  expect(await outcomeOf(running)).toMatch(/^driver_failed: .*kept/);
  for (const refused of [
    enroll(runtime, "bob"),
    runtime.unenroll("ada"),
    runtime.send("ada", "?", { from: "user:3" }).accepted,
  ])
    await expect(refused).rejects.toMatchObject({ code: "driver_failed" });
  // Its answer comes all the same, and is kept.
  gate.release();
  await turns();
  const { conversation } = await running.accepted;
  expect((await runtime.messages(conversation)).map(({ text }) => text)).toEqual(["running", "running"]);
  await runtime.close();
});

it("closes with a turn that failed, and with somebody who waits for a persona to be gone", async () => {
  const { runtime, breakDriver } = await openFragile();
  const fails = Promise.withResolvers<string>();
  await enroll(runtime, "ada", { cognition: () => fails.promise });
  const answer = runtime.send("ada", "?", { from: "user:1" });
  await turns();
  const gone = expect(runtime.unenroll("ada")).rejects.toMatchObject({ code: "driver_failed" });
  await turns();
  breakDriver();
  fails.reject(new Error("kaput"));
  await turns();
  await gone;
  const { items } = await answer.accepted;
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "waiting" });
  await runtime.close();
});

it("answers after the next start what it had accepted", async () => {
  const store = join(temporaryFolder(), "kept.db");
  const { runtime, breakDriver } = await openFragile(store);
  await enroll(runtime, "ada", { cognition: () => new Promise(() => {}) });
  const sent = ["running", "waiting"].map((text) => runtime.send("ada", text, { from: `user:${text}` }));
  await Promise.all(sent.map((answer) => answer.accepted));
  await until(() => runtime.status("ada").inFlight === 1);
  breakDriver();
  await outcomeOf(runtime.send("ada", "?", { from: "user:3" }));
  await runtime.close({ graceMs: 0 });

  const second = await openHouse({ store });
  await enroll(second.runtime, "ada");
  await until(() => second.runtime.status().answered === 2);
  for (const answer of sent) {
    const { items } = await answer.accepted;
    expect(await second.runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "answered" });
  }
});
