import { expect } from "vitest";
import { createRuntime, ManualClock } from "../../src/index.ts";
import { untilDecided } from "./until-decided.ts";

/** Opens a database that a process has left, and sees all that waits there decided, and each of these items answered. */
export async function nextStartAnswers(file: string, items: readonly string[]): Promise<void> {
  const clock = new ManualClock(Date.now() + 60_000);
  const runtime = await createRuntime({ store: file, clock, seed: 1 });
  for (const { id, name } of runtime.personas()) {
    await runtime.enroll({ id, name, cognition: ({ text }) => `re: ${text}`, settings: { paused: false } });
  }
  await untilDecided(runtime, clock);
  for (const item of items) expect(await runtime.item(item)).toMatchObject({ state: "answered" });
  await runtime.close();
}
