/** A fleet to which a million items wait is started: half of them in native memory, half in the database only. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { temporaryFolder } from "../support/command-line.ts";

const PERSONAS = 1_000;
const MESSAGES = 1_000;
const WINDOW = 500;
const BODY = "x".repeat(1_000);

const idOf = (n: number) => `p${n}`;

async function fill(store: string): Promise<void> {
  const runtime = await createRuntime({ store });
  const ids = Array.from({ length: PERSONAS }, (_, n) => idOf(n));
  await Promise.all(ids.map((id) => runtime.enroll({ id, name: id, settings: { paused: true } })));
  const room = await runtime.createRoom({ members: ids });
  for (let n = 0; n < MESSAGES; n += 50) {
    const burst = Array.from({ length: 50 }, (_, k) => runtime.post(room.id, `${n + k} ${BODY}`, { from: "user:7" }));
    await Promise.all(burst);
  }
  await runtime.close();
}

it("starts with a million waiting items, and hands them out in order", async () => {
  const store = join(temporaryFolder(), "million.db");
  await fill(store);

  const heard: number[] = [];
  const start = performance.now();
  const runtime = await createRuntime({
    store,
    cognition: ({ context, trigger }) => {
      for (const { text } of [...context, trigger]) heard.push(Number.parseInt(text, 10));
      return "heard";
    },
  });
  const status = runtime.fleet();
  const startedMs = Math.round(performance.now() - start);
  expect(status).toMatchObject({
    queued: PERSONAS * MESSAGES,
    inStore: PERSONAS * (MESSAGES - WINDOW),
    personas: PERSONAS,
  });

  await runtime.configure(idOf(7), { settings: { paused: false } });
  while (runtime.status(idOf(7)).queued + runtime.status(idOf(7)).inFlight > 0)
    await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
  expect(runtime.status()).toMatchObject({ queued: (PERSONAS - 1) * MESSAGES, answered: MESSAGES, dead: 0 });
  console.log(
    `1 000 000 waiting items of 1 000 personas: ready in ${startedMs} ms, ${Math.round(status.nativeBytes / 2 ** 20)} MiB native`,
  );
  await runtime.close();
});
