/** The two ways in which weights learn, as pure functions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judged, type Moved } from "../../src/mapping/learning/law.ts";
import { learningSchema } from "../../src/mapping/learning/settings.ts";
import { drawnWeight, learned, meanWeight, priorOf } from "../../src/mapping/learning/thompson.ts";
import { random } from "../../src/random.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 20);
const settings = learningSchema.parse(undefined);
const still = (weight: number): Moved => ({ weight, direction: 0, at: 0 });

describe("the law", () => {
  it("raises by a tenth at once, each time", () => {
    const once = judged(still(1), { helpful: true, at: NOW, unhelpful: 0 }, settings);
    expect(once).toEqual({ weight: 1.1, direction: 1, reason: "helpful" });
    expect(judged({ ...once, at: NOW }, { helpful: true, at: NOW, unhelpful: 0 }, settings).weight).toBe(1.21);
  });

  it("lowers by a fifth at the fifth of a week, not before", () => {
    const opinion = { helpful: false, at: NOW };
    expect(judged(still(1), { ...opinion, unhelpful: 4 }, settings)).toMatchObject({ weight: 1, direction: 0 });
    expect(judged(still(1), { ...opinion, unhelpful: 5 }, settings)).toMatchObject({ weight: 0.8, direction: -1 });
  });

  it("rests before it turns round, and only then", () => {
    const raised: Moved = { weight: 1.1, direction: 1, at: NOW };
    const against = (at: number) => judged(raised, { helpful: false, at, unhelpful: 5 }, settings);
    expect(against(NOW + 24 * HOUR - 1)).toMatchObject({ weight: 1.1, reason: expect.stringContaining("rests") });
    expect(against(NOW + 24 * HOUR).weight).toBe(0.88);
    expect(judged(raised, { helpful: true, at: NOW, unhelpful: 0 }, settings).weight).toBe(1.21);
  });

  it("is not held back by a change that a clock has put into the future", () => {
    const raised: Moved = { weight: 1, direction: 1, at: NOW + 1_000 * 24 * HOUR };
    expect(judged(raised, { helpful: false, at: NOW, unhelpful: 5 }, settings).weight).toBe(0.8);
  });

  it("never leaves its bounds, whoever says what", () => {
    const opinions = fc.array(fc.record({ helpful: fc.boolean(), unhelpful: fc.nat(9), hours: fc.nat(50) }));
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3, noNaN: true }), opinions, (start, said) => {
        let moved = still(start);
        let at = NOW;
        for (const { hours, ...opinion } of said) {
          at += hours * HOUR;
          const next = judged(moved, { ...opinion, at }, settings);
          if (next.weight !== moved.weight) {
            expect(next.weight).toBeGreaterThanOrEqual(settings.min_weight);
            expect(next.weight).toBeLessThanOrEqual(settings.max_weight);
            moved = { ...next, at };
          }
        }
      }),
    );
  });
});

describe("Thompson sampling", () => {
  it("begins with what the author says", () => {
    for (const weight of [0.2, 0.8, 1, 1.5]) expect(meanWeight(priorOf(weight), settings)).toBeCloseTo(weight, 6);
  });

  it("draws the same for the same seed, and around its mean", () => {
    const belief = { alpha: 6, beta: 3 };
    const draws = (seed: number) => {
      const numbers = random(seed);
      return Array.from({ length: 2_000 }, () => drawnWeight(belief, settings, numbers));
    };
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
    const mean = draws(7).reduce((sum, one) => sum + one, 0) / 2_000;
    expect(mean).toBeCloseTo(2 * (6 / 9), 1);
  });

  it("has the variance of a Beta distribution, over its four draws", () => {
    const [alpha, beta] = [0.7, 0.4];
    const numbers = random(3);
    const wide = { ...settings, min_weight: 0 };
    const draws = Array.from({ length: 20_000 }, () => drawnWeight({ alpha, beta }, wide, numbers) / 2);
    const mean = draws.reduce((sum, one) => sum + one, 0) / draws.length;
    const variance = draws.reduce((sum, one) => sum + (one - mean) ** 2, 0) / draws.length;
    const expected = (alpha * beta) / ((alpha + beta) ** 2 * (alpha + beta + 1)) / 4;
    expect(variance / expected).toBeGreaterThan(0.9);
    expect(variance / expected).toBeLessThan(1.1);
  });

  it("forgets: a rule that has ceased to help falls, however long it has helped", () => {
    const prior = priorOf(1);
    let belief = prior;
    for (let n = 0; n < 1_000; n += 1) belief = learned(belief, prior, true, settings);
    expect(meanWeight(belief, settings)).toBeGreaterThan(1.9);
    for (let n = 0; n < 60; n += 1) belief = learned(belief, prior, false, settings);
    expect(meanWeight(belief, settings)).toBeLessThan(0.5);
  });

  it("stays finite and within bounds, whatever it learns", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1_000, noNaN: true }),
        fc.array(fc.boolean()),
        fc.integer(),
        (weight, said, seed) => {
          const prior = priorOf(weight);
          const belief = said.reduce((known, helpful) => learned(known, prior, helpful, settings), prior);
          const drawn = drawnWeight(belief, settings, random(seed));
          expect(drawn).toBeGreaterThanOrEqual(settings.min_weight);
          expect(drawn).toBeLessThanOrEqual(settings.max_weight);
        },
      ),
    );
  });
});
