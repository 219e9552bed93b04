import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, replay } from "../../src/index.ts";
import { at, openServer } from "../ai/harness.ts";
import { furnish, TOUR } from "../runtime/catalogue-house.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { until } from "../support/event-loop.ts";
import { say } from "../support/model-server.ts";

it("runs turns of sessions again, each with what it followed", async () => {
  const file = join(tempFolder(), "sessions.jsonl");
  const server = await openServer(say(["Welcome."]));
  const clock = new ManualClock();
  const models = await providers({ local: at(server) }, { clock, seed: 1 });
  const runtime = await createRuntime({ store: "memory", clock, seed: 7, providers: models, record: file });
  await furnish(runtime, { ...TOUR, steps: TOUR.steps.map((step) => ({ ...step, max_turns: 1 })) });
  await runtime.catalogue.personas.patch("guide", { model: "local:m" });
  const { id } = await runtime.openSession({ persona: "guide", from: "user:7" });
  for (let n = 0; n < 3; n += 1) await runtime.send("guide", `${n}`, { from: "user:7", conversation: id });
  const room = await runtime.createRoom({ members: ["guide"] });
  await runtime.post(room.id, "@guide hello", { from: "user:7" });
  await until(() => runtime.status().answered === 4);
  await runtime.close();

  const recorded = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line));
  expect(recorded.map(({ view }) => [view.session.step_id, view.session.versions.role])).toEqual([
    ["hello", 1],
    ["walk", 1],
    ["bye", 1],
    [undefined, 1],
  ]);
  expect(await replay(file)).toMatchObject({ turns: 4, identical: 4, different: 0, difference: undefined });
});
