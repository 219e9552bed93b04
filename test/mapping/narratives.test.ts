/** What is told of persons is found by its words, the best first, however much there is. */
import { expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { Narratives } from "../../src/mapping/narratives.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import { ANA, TENANT } from "./study.ts";

it("finds what says the most, also if a thousand newer ones say some of it", async () => {
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock });
  onTestFinished(() => store.close());
  const narratives = new Narratives({ store, clock, changed: () => {} });
  const tell = (text: string) => narratives.add(TENANT, ANA, ANA, { text });
  await tell("A quiet morning at the sea.");
  await tell("A quiet sea.");
  for (let n = 0; n < 1_100; n += 1) await tell(`Quiet ${n}.`);
  const search = { tenant: TENANT, person: ANA, query: "quiet morning sea", types: [], limit: 3 };
  const found = await narratives.search(search);
  expect(found).not.toHaveProperty("words_only");
  expect(found.narratives.map(({ text, score }) => [text, Number(score.toFixed(2))])).toEqual([
    ["A quiet morning at the sea.", 1],
    ["A quiet sea.", 0.67],
    ["Quiet 1099.", 0.33],
  ]);
});
