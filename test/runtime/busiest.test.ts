import { expect, test } from "vitest";
import { createRuntime, ManualClock } from "../../src/index.ts";
import { random } from "../../src/random.ts";
import { busiest } from "../../src/runtime/busiest.ts";

const page = (by: "queued" | "inFlight", offset: number, limit: number) => ({ by, offset, limit });

test("a page is what a stable sort of everybody gives", () => {
  const next = random(7);
  for (let round = 0; round < 200; round += 1) {
    const size = Math.floor(next() * 40);
    const loads = Array.from({ length: size }, (_, slot) => ({
      slot,
      queued: Math.floor(next() * 6),
      inFlight: Math.floor(next() * 3),
    }));
    const [offset, limit] = [Math.floor(next() * 10), 1 + Math.floor(next() * 10)];
    for (const by of ["queued", "inFlight"] as const) {
      const sorted = loads.toSorted((a, b) => b[by] - a[by]);
      expect(busiest(loads, page(by, offset, limit))).toEqual(sorted.slice(offset, offset + limit));
    }
  }
});

test("only those with something to do are there, most first", async () => {
  const runtime = await createRuntime({ store: "memory", clock: new ManualClock() });
  for (const id of ["a", "b", "c"]) await runtime.enroll({ id, name: id, settings: { paused: true } });
  expect(runtime.busiest()).toEqual({ busy: 0, personas: [] });
  const say = (id: string) => runtime.send(id, "Hello", { from: "user:7" }).accepted;
  await say("c");
  for (let n = 0; n < 3; n += 1) await say("b");
  expect(runtime.busiest()).toMatchObject({
    busy: 2,
    personas: [
      { id: "b", queued: 3 },
      { id: "c", queued: 1 },
    ],
  });
  expect(runtime.busiest({ offset: 1, limit: 1 }).personas.map(({ id }) => id)).toEqual(["c"]);
  const removed = runtime.unenroll("b", "return");
  await removed;
  expect(runtime.busiest()).toMatchObject({ busy: 1, personas: [{ id: "c" }] });
  expect(runtime.tenant("other").busiest()).toEqual({ busy: 0, personas: [] });
  expect(() => runtime.busiest({ limit: 0 })).toThrow(/limit/);
  await runtime.close();
});
