/** What `npm run bench learning` shows, on a few of its worlds: whoever makes a strategy worse finds it out here. */
import { expect, it } from "vitest";
import { type StrategyName, simulated } from "../../bench/learning/simulation.ts";

const regretOf = (strategy: StrategyName, drift: boolean) =>
  Array.from({ length: 4 }, (_, seed) => simulated(strategy, { seed, impressions: 1_000, drift }).regret).reduce(
    (sum, one) => sum + one / 4,
    0,
  );

it.each([false, true])("sampling regrets less than any law, and the law less than no learning; drift: %s", (drift) => {
  const [fixed, earlier, law, thompson] = [
    regretOf("fixed", drift),
    regretOf("law of the earlier system", drift),
    regretOf("law", drift),
    regretOf("thompson", drift),
  ];
  expect(law / fixed).toBeLessThan(0.7);
  // That of the earlier system never settles, which helps it for a while after a drift, and then never again.
  if (!drift) expect(law / earlier).toBeLessThan(0.9);
  expect(thompson / earlier).toBeLessThan(0.9);
  expect(thompson / law).toBeLessThan(0.8);
});

it("is the same in every replay", () => {
  const plan = { seed: 3, impressions: 300, drift: true };
  expect(simulated("thompson", plan)).toEqual(simulated("thompson", plan));
  expect(simulated("thompson", plan)).not.toEqual(simulated("thompson", { ...plan, seed: 4 }));
});
