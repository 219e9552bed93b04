import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { startChild } from "../store/child.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { outcomeOf } from "./harness.ts";

it("keeps what a killed process had reserved as spent, since it may have been billed", async () => {
  const store = join(tempFolder(), "a.db");
  const child = startChild("../runtime/budget-child.ts", [store]);
  expect(await child.line()).toBe("reserved");
  await child.kill();

  const runtime = await createRuntime({
    store,
    budgets: { fleet: { tokens: 150 } },
    cognition: async (turn) => {
      (await turn.reserve({ model: "acme:large", inputTokens: 60, maxOutputTokens: 40 })).settle(undefined);
      return "yes";
    },
  });
  onTestFinished(() => runtime.close({ graceMs: 0 }));
  expect(await runtime.spending({ by: "owner" })).toMatchObject([
    { of: "user:7", calls: 1, inputTokens: 60, outputTokens: 40, unconfirmed: 1 },
  ]);
  // 100 of 150 are gone, although nobody knows what became of the call.
  expect(await outcomeOf(runtime.send("ada", "?", { from: "user:8" }))).toMatch("budget_exhausted");
});
