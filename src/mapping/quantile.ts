/**
 * The value below which `rank` (0..1) of the samples lie, between two neighbours in proportion (type 7 of Hyndman and
 * Fan, 1996). NaN of none.
 */
export function quantile(samples: readonly number[], rank: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * rank;
  const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return low + (high - low) * (place - Math.floor(place));
}
