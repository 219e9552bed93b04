import { expect, it } from "vitest";
import { similarities } from "../../src/mapping/similarities.ts";
import { random } from "../../src/random.ts";

it("compares every place of vectors of any length, exactly", () => {
  const next = random(1);
  for (let length = 1; length <= 40; length += 1) {
    const vector = () => Float32Array.from({ length }, () => next() * 2 - 1);
    const [query, a, b] = [vector(), vector(), vector()];
    const expected = [a, b].map((other) => cosine(query, other));
    for (const [index, score] of similarities(query, [a, b]).entries())
      expect(score, `${length} places`).toBeCloseTo(expected[index] ?? Number.NaN, 12);
  }
});

it("neither overflows nor divides by nothing", () => {
  const huge = new Float32Array(10_000).fill(3.4e38);
  const zeros = new Float32Array(10_000);
  const [same, none] = similarities(huge, [huge, zeros]);
  expect(same).toBeCloseTo(1, 12);
  expect(none).toBe(0);
  expect([...similarities(zeros, [huge])]).toEqual([0]);
});

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (one: Float32Array, other: Float32Array) => one.reduce((sum, x, n) => sum + x * (other[n] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
