/** What a runtime does to its process, and its process to it. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { script } from "../support/script.ts";
import { untilDecided } from "../support/until-decided.ts";
import { enroll, openHouse } from "./harness.ts";

const quietly = { code: 0, stderr: "" };

it("does not fall over an outcome that nobody awaits", async () => {
  const ended = await script(`
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "shy", name: "Shy", cognition: () => ({ decline: "no" }) });
    runtime.send("shy", "?", { from: "user:7" });
    runtime.send("nobody", "?", { from: "user:7" });
    runtime.send("shy", "", {});
    const { tokens } = runtime.send("shy", "?", { from: "user:8" });
    tokens[Symbol.asyncIterator]();
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    console.log(runtime.status().declined);
    await runtime.close();`);
  expect(ended).toEqual({ ...quietly, stdout: "2\n" });
});

it.each(["closed", "left open with nothing undecided"])("lets the process end when it is %s", async (how) => {
  const file = join(temporaryFolder(), "kept.db");
  const ended = await script(
    `
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => text });
    const paused = { id: "pia", name: "Pia", settings: { paused: true } };
    await runtime.enroll(paused);
    await runtime.send("pia", "waits", { from: "user:7" }).accepted;
    console.log((await runtime.send("ada", "bye", { from: "user:7" })).text);
    ${how === "closed" ? "await runtime.close();" : ""}`,
    file,
  );
  expect(ended).toEqual({ ...quietly, stdout: "bye\n" });
});

it("stays for a turn that runs, and for one that is tried again", async () => {
  const ended = await script(`
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ attempt }) => {
      if (attempt === 1) throw new Error("again");
      return new Promise((resolve) => setTimeout(resolve, 10, "at last"));
    } });
    runtime.send("ada", "?", { from: "user:7" }).then(({ text }) => console.log(text));`);
  expect(ended).toEqual({ ...quietly, stdout: "at last\n" });
});

it("keeps what was accepted when a handler ends the process", async () => {
  const file = join(temporaryFolder(), "kept.db");
  const ended = await script(
    `
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: () => process.exit(7) });
    const answer = runtime.send("ada", "?", { from: "user:7" });
    const { items } = await answer.accepted;
    console.log(items[0].id);
    await answer;`,
    file,
  );
  expect(ended).toMatchObject({ code: 7, stderr: "" });
  const clock = new ManualClock(Date.now() + 60_000);
  const { runtime } = await openHouse({ store: file, clock });
  await enroll(runtime, "ada");
  await untilDecided(runtime, clock);
  expect(await runtime.item(ended.stdout.trim())).toMatchObject({ state: "answered", attempt: 2 });
});
