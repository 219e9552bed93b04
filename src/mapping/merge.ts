/**
 * How a finding joins what is known: pure, and the same in whatever order observations arrive.
 *
 * What was seen long ago counts for less: its weight halves with each half-life. Numbers are means under these weights,
 * lists are united, of anything else the more confident is kept. What other writers have put into a trait stays.
 */
import { isDeepStrictEqual } from "node:util";
import { type Finding, levelOf, type SampleFinding, type ScoreFinding } from "./extractors/extractor.ts";
import { quantile } from "./quantile.ts";
import { type Trait, type Volatility, withSource } from "./trait.ts";

/** A trait, and what its merging has to remember. */
export interface Known {
  readonly trait: Trait | undefined;
  readonly memory: Memory;
}

/** Kept beside the traits, by path; nobody reads it but the next merge. All of it is bounded. */
export interface Memory {
  /** How much the known value weighs, at `as_of`. */
  readonly weight?: number;
  /** When what the value says was last seen, in milliseconds since 1970. */
  readonly as_of?: number;
  /** Of a number: the mean before it was rounded. */
  readonly mean?: number;
  /** The newest measurements, oldest first. */
  readonly samples?: readonly Sample[];
  readonly scores?: Readonly<Record<string, Score>>;
}

type Sample = readonly [at: number, value: number];

interface Score {
  readonly mean: number;
  readonly weight: number;
  readonly as_of: number;
  readonly count: number;
  /** What somebody has said of it outright: it holds until enough was seen. */
  readonly said?: string;
}

/** Who writes, and when. */
export interface Writing {
  readonly source: string;
  readonly now: number;
  /** When the observation was made. A finding may know better. */
  readonly at: number;
}

const HOUR_MS = 3_600_000;
/** Of what changes within hours, and of what changes within weeks. */
export const HALF_LIFE_MS: Readonly<Record<Volatility, number>> = { low: 60 * 24 * HOUR_MS, high: 4 * HOUR_MS };
/** Scores that make a level. */
const MIN_SCORES = 3;
export const MAX_SAMPLES = 200;
const MAX_KEYS = 64;
const MAX_LIST = 256;

const QUANTILES = [
  ["p50", 0.5],
  ["p90", 0.9],
] as const;

/** What becomes of which paths. `known` says what is known of a path. */
export function joined(
  finding: Finding,
  known: (path: string) => Known,
  writing: Writing,
): readonly (readonly [path: string, Known])[] {
  const { path } = finding;
  const before = known(path);
  if (stands(before.trait)) return [];
  if (finding.kind === "value") return [[path, withValue(before, finding, finding.value, writing)]];
  if (finding.kind === "score") return [[path, withScore(before, finding, writing)]];
  const mean = withSample(before, finding, writing);
  const samples = (mean.memory.samples ?? []).map(([, sample]) => sample);
  const quantiles = QUANTILES.map(([name, rank]) => [`${path}.${name}`, round(quantile(samples, rank))] as const)
    .map(([at, value]) => [at, known(at), value] as const)
    .filter(([, { trait }]) => !stands(trait))
    .map(([at, { trait, memory }, value]) => {
      return [at, { trait: rewritten(trait, finding, value, finding.confidence, writing), memory }] as const;
    });
  return [[path, mean], ...quantiles];
}

/** What a person has said of itself outranks what was learned, except where it was about a moment that passes. */
function stands(trait: Trait | undefined): boolean {
  return trait?.curated !== undefined && trait.volatility === "low";
}

function withValue({ trait, memory }: Known, finding: Finding, value: unknown, writing: Writing): Known {
  const { confidence, volatility, at = writing.at } = finding;
  const write = (value: unknown, confidence: number) => rewritten(trait, finding, value, confidence, writing);
  if (trait === undefined) {
    const mean = typeof value === "number" ? { mean: value } : {};
    return { trait: write(rounded(value), confidence), memory: { ...memory, ...mean, weight: 1, as_of: at } };
  }
  // Of a trait that somebody else has written nothing is remembered: it weighs what it says itself.
  const { weight = Math.max(1, trait.sample_size), as_of = trait.updated_at } = memory;
  const newest = Math.max(as_of, at);
  const halfLife = HALF_LIFE_MS[volatility];
  const old = weight * fading(newest - as_of, halfLife);
  const fresh = fading(newest - at, halfLife);
  const total = old + fresh;
  const shared = total > 0 ? (trait.confidence * old + confidence * fresh) / total : confidence;
  const remembered = { ...memory, weight: total, as_of: newest };
  if (typeof value === "number" && typeof trait.value === "number") {
    const known = memory.mean !== undefined && round(memory.mean) === trait.value ? memory.mean : trait.value;
    const mean = total > 0 ? (known * old + value * fresh) / total : value;
    return { trait: write(round(mean), shared), memory: { ...remembered, mean } };
  }
  if (Array.isArray(value) && Array.isArray(trait.value)) {
    return { trait: write(united(trait.value, value), shared), memory: remembered };
  }
  if (isDeepStrictEqual(value, trait.value)) return { trait: write(value, shared), memory: remembered };
  // Each is as sure as it was when it was seen, less its age; of two that are equally sure, the newer.
  const rivals = [confidence * fresh, trait.confidence * fading(newest - as_of, halfLife)] as const;
  const wins = rivals[0] > rivals[1] || (rivals[0] === rivals[1] && at >= as_of);
  if (wins) return { trait: write(value, confidence), memory: { ...memory, weight: 1, as_of: at } };
  return { trait: write(trait.value, trait.confidence), memory: { ...memory, weight, as_of } };
}

function withSample({ trait, memory }: Known, finding: SampleFinding, writing: Writing): Known {
  const mean = withValue({ trait, memory }, finding, finding.sample, writing);
  const sample: Sample = [finding.at ?? writing.at, finding.sample];
  const samples = [...(memory.samples ?? []), sample]
    .sort(([at, value], [otherAt, other]) => at - otherAt || value - other)
    .slice(-MAX_SAMPLES);
  return { ...mean, memory: { ...mean.memory, samples } };
}

function withScore({ trait, memory }: Known, finding: ScoreFinding, writing: Writing): Known {
  const { key } = finding;
  const all = memory.scores ?? {};
  const before = Object.hasOwn(all, key) ? all[key] : undefined;
  if (before === undefined && Object.keys(all).length >= MAX_KEYS) return { trait, memory };
  const score = scored(before, finding, finding.at ?? writing.at);
  const scores = { ...all, [key]: score };
  const level = score.count >= MIN_SCORES ? levelOf(score.mean) : score.said;
  const remembered = { ...memory, scores };
  if (level === undefined && trait === undefined) return { trait, memory: remembered };
  const told = trait?.sample_size ?? Object.values(scores).reduce((sum, { count }) => sum + count, 0) - 1;
  const weight = Math.max(0, told);
  const confidence = ((trait?.confidence ?? finding.confidence) * weight + finding.confidence) / (weight + 1);
  const table = isTable(trait?.value) ? trait.value : {};
  const value = level === undefined ? (trait?.value ?? {}) : { ...table, [key]: level };
  const written = rewritten(trait, finding, value, confidence, writing);
  return { trait: { ...written, sample_size: weight + 1 }, memory: remembered };
}

function scored(before: Score | undefined, { score, volatility }: ScoreFinding, at: number): Score {
  const { mean, weight, as_of, count, ...said } = before ?? { mean: 0, weight: 0, as_of: at, count: 0 };
  if (typeof score === "string") return { mean, weight, as_of, count, said: score };
  const newest = Math.max(as_of, at);
  const old = weight * fading(newest - as_of, HALF_LIFE_MS[volatility]);
  const fresh = fading(newest - at, HALF_LIFE_MS[volatility]);
  const total = old + fresh;
  return {
    ...said,
    mean: total > 0 ? (mean * old + score * fresh) / total : score,
    weight: total,
    as_of: newest,
    count: count + 1,
  };
}

/** The trait with another value, and everything else that was in it. */
function rewritten(
  trait: Trait | undefined,
  { volatility }: Finding,
  value: unknown,
  confidence: number,
  { source, now }: Writing,
): Trait {
  const { curated, ...rest } = trait ?? {};
  const isSaid = curated !== undefined && isDeepStrictEqual(trait?.value, value);
  return {
    ...rest,
    ...(isSaid ? { curated } : {}),
    value,
    confidence: round(Math.min(1, Math.max(0, confidence))),
    sample_size: (trait?.sample_size ?? 0) + 1,
    volatility: trait?.volatility ?? volatility,
    updated_at: now,
    sources: withSource(trait?.sources ?? [], source),
  };
}

/** What is known first, in its order; what is new behind it, in its own. */
function united(known: readonly unknown[], more: readonly unknown[]): readonly unknown[] {
  const all = [...known];
  for (const one of more) {
    if (all.length >= MAX_LIST) break;
    if (!all.some((other) => isDeepStrictEqual(other, one))) all.push(one);
  }
  return all;
}

/** What is left of a weight after so long. */
const fading = (ms: number, halfLifeMs: number) => 2 ** (-ms / halfLifeMs);

/** Three decimals: what differs by less was seen alike. */
const round = (value: number) => Math.round(value * 1_000) / 1_000;
const rounded = (value: unknown) => (typeof value === "number" ? round(value) : value);

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
