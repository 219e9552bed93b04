/** How findings join what is known: the laws that hold for any of them, in any order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digested, type Found, type Mind } from "../../src/mapping/digest.ts";
import type { Finding } from "../../src/mapping/extractors/extractor.ts";
import { HALF_LIFE_MS, MAX_SAMPLES } from "../../src/mapping/merge.ts";
import { quantile } from "../../src/mapping/quantile.ts";
import { type Trait, valueAt } from "../../src/mapping/trait.ts";

const NOW = Date.UTC(2026, 10, 20);
const DAY = 86_400_000;
const NOTHING: Mind = { traits: {}, memory: {} };

const value = (path: string, said: unknown, confidence = 0.7): Finding => ({
  ...{ kind: "value", path, value: said, confidence, volatility: "low" },
});
const seen = (finding: Finding, at = NOW): Found => ({ source: "test@1", at, findings: [finding] });
const learn = (found: readonly Found[], mind = NOTHING) => digested(mind, found, NOW);

describe("numbers", () => {
  const measured = fc.array(
    fc.record({ days: fc.integer({ min: 0, max: 400 }), value: fc.integer({ min: 1, max: 500 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  );

  it("are means whose weights halve with each half-life, in any order and however they are cut into digests", () => {
    fc.assert(
      fc.property(measured, fc.infiniteStream(fc.boolean()), (samples, cuts) => {
        let mind = NOTHING;
        let batch: Found[] = [];
        for (const sample of samples) {
          batch.push(seen(value("a", sample.value), NOW - sample.days * DAY));
          if (cuts.next().value === false) continue;
          mind = learn(batch, mind);
          batch = [];
        }
        mind = learn(batch, mind);
        const weights = samples.map(({ days }) => 2 ** ((-days * DAY) / HALF_LIFE_MS.low));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const mean = samples.reduce((sum, sample, n) => sum + sample.value * (weights[n] ?? 0), 0) / total;
        expect(mind.traits["a"]?.value).toBeCloseTo(mean, 2);
        expect(mind.traits["a"]?.sample_size).toBe(samples.length);
      }),
    );
  });

  it("are not what yes and no are", () => {
    const { traits } = learn([seen(value("a", true, 0.9)), seen(value("a", 3, 0.5))]);
    expect(traits["a"]?.value).toBe(true);
  });

  it("begin from what another writer has put there, by its own sample size", () => {
    const trait: Trait = {
      ...{ value: 90, confidence: 0.5, sample_size: 3, volatility: "low", updated_at: NOW, sources: ["other"] },
    };
    const { traits } = learn([seen(value("a", 50, 0.9))], { traits: { a: trait }, memory: {} });
    expect(traits["a"]).toMatchObject({ value: 80, confidence: 0.6, sample_size: 4, sources: ["other", "test@1"] });
  });
});

describe("measurements", () => {
  const sample = (minutes: number): Finding => ({
    ...{ kind: "sample", path: "focus", sample: minutes, confidence: 0.9, volatility: "low" },
  });

  it("are a mean and two quantiles, each a trait of its own that a path finds", () => {
    const { traits } = learn([30, 60, 90, 120].map((minutes) => seen(sample(minutes))));
    expect(valueAt(traits, "focus")).toBe(75);
    expect(valueAt(traits, "focus.p50")).toBe(75);
    expect(valueAt(traits, "focus.p90")).toBe(111);
    expect(valueAt(traits, "focus.p99")).toBeUndefined();
  });

  it("are remembered up to a bound, the newest, in any order", () => {
    const samples = fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 1, max: 1_440 })), {
      minLength: 1,
      maxLength: 260,
    });
    fc.assert(
      fc.property(samples, (pairs) => {
        const { traits, memory } = learn(pairs.map(([at, minutes]) => seen(sample(minutes), NOW + at)));
        const newest = pairs.toSorted(([a, x], [b, y]) => a - b || x - y).slice(-MAX_SAMPLES);
        expect(memory["focus"]?.samples).toEqual(newest.map(([at, minutes]) => [NOW + at, minutes]));
        expect(traits["focus.p90"]?.value).toBeCloseTo(
          quantile(
            newest.map(([, minutes]) => minutes),
            0.9,
          ),
          3,
        );
      }),
      { numRuns: 30 },
    );
  });

  it("have quantiles that lie among them, and rise with the rank", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (samples) => {
        const [low, middle, high] = [0, 0.5, 1].map((rank) => quantile(samples, rank));
        expect([low, high]).toEqual([Math.min(...samples), Math.max(...samples)]);
        expect(middle).toBeGreaterThanOrEqual(low ?? 0);
        expect(middle).toBeLessThanOrEqual(high ?? 0);
      }),
    );
  });
});

it("unites lists in the order in which things came", () => {
  const lists = fc.array(fc.array(fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(lists, (all) => {
      const { traits } = learn(all.map((list) => seen(value("a", list))));
      expect(new Set(traits["a"]?.value as number[])).toEqual(new Set(all.flat()));
      const [first = [], ...rest] = all;
      const known = new Set(first);
      expect(traits["a"]?.value).toEqual([...first, ...new Set(rest.flat().filter((one) => !known.has(one)))]);
    }),
  );
});

describe("of what excludes each other", () => {
  const cost = (said: string, confidence: number, days = 0) => seen(value("cost", said, confidence), NOW - days * DAY);

  it("keeps the more confident, whichever came first", () => {
    expect(learn([cost("high", 0.8), cost("low", 0.7)]).traits["cost"]).toMatchObject({
      value: "high",
      confidence: 0.8,
    });
    expect(learn([cost("low", 0.7), cost("high", 0.8)]).traits["cost"]).toMatchObject({
      value: "high",
      confidence: 0.8,
    });
  });

  it("lets confidence fade with the half-life, so that no answer is for ever", () => {
    expect(learn([cost("high", 0.8, 40), cost("low", 0.7)]).traits["cost"]?.value).toBe("low");
    expect(learn([cost("low", 0.7), cost("high", 0.8, 40)]).traits["cost"]?.value).toBe("low");
  });

  it("takes the newer of two that are equally sure", () => {
    expect(learn([cost("high", 0.7, 1), cost("low", 0.7)]).traits["cost"]?.value).toBe("low");
    expect(learn([cost("low", 0.7), cost("high", 0.7, 1)]).traits["cost"]?.value).toBe("low");
  });

  it("counts each sample, also one that did not win", () => {
    expect(learn([cost("high", 0.9), cost("low", 0.1)]).traits["cost"]?.sample_size).toBe(2);
  });
});

describe("what other writers have stored", () => {
  it("stays through every kind of merge (of the earlier system: merges erased weights)", () => {
    const trait: Trait = {
      ...{ value: 60, confidence: 0.9, sample_size: 2, volatility: "low", updated_at: 1, sources: ["other@2"] },
      ...{ weight: 1.21, last_adjusted: "yesterday", adjustment_reason: { by: "positive_feedback" } },
    };
    const findings: Finding[] = [
      value("a", 90),
      value("a", "text"),
      { kind: "sample", path: "a", sample: 30, confidence: 1, volatility: "low" },
      { kind: "score", path: "a", key: "morning", score: 4, confidence: 1, volatility: "low" },
    ];
    for (const finding of findings) {
      const { traits } = learn([seen(finding), seen(finding), seen(finding)], { traits: { a: trait }, memory: {} });
      expect(traits["a"]).toMatchObject({ weight: 1.21, adjustment_reason: { by: "positive_feedback" } });
      expect(traits["a"]?.sources).toEqual(["other@2", "test@1"]);
    }
  });

  it("stays where another path is learned", () => {
    const trait: Trait = { value: 1, confidence: 1, sample_size: 0, volatility: "low", updated_at: 1, sources: [] };
    expect(learn([seen(value("b", 2))], { traits: { a: trait }, memory: {} }).traits["a"]).toBe(trait);
  });
});

describe("what a person has said of itself", () => {
  const curated = (volatility: Trait["volatility"]): Trait => ({
    ...{ value: "high", confidence: 1, sample_size: 0, volatility, updated_at: NOW, sources: ["curation:user:ana"] },
    curated: { by: "user:ana", at: NOW },
  });
  const later = (hours: number) =>
    digested(
      { traits: { energy: curated("high") }, memory: {} },
      [
        {
          source: "test@1",
          at: NOW + hours * 3_600_000,
          findings: [{ ...value("energy", "low", 0.6), volatility: "high" }],
        },
      ],
      NOW,
    );

  it("outranks whatever is learned", () => {
    const mind: Mind = { traits: { cost: curated("low") }, memory: {} };
    const found = [seen(value("cost", "low", 1), NOW + 1_000 * DAY)];
    expect(learn(found, mind).traits["cost"]).toBe(mind.traits["cost"]);
  });

  it("yields with time where it was about a moment that passes", () => {
    expect(later(1).traits["energy"]).toMatchObject({ value: "high", curated: { by: "user:ana" } });
    expect(later(5).traits["energy"]?.value).toBe("low");
    expect(later(5).traits["energy"]).not.toHaveProperty("curated");
  });
});
