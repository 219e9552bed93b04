/**
 * `npm run bench rules [rounds | quick]`: what it costs to find the rules that fire, to answer with suggestions, and to
 * ask many persons at once, beside other engines and beside what one writes first. `quick` checks the results of short
 * runs and writes none.
 */
import { loadavg } from "node:os";
import { installPeers } from "./peers/peer.ts";
import type { CaseOptions, CaseResult } from "./rules/case.ts";
import { isolated } from "./support/isolated.ts";
import { digits, markdownTable, median, spread, writeResults } from "./support/results.ts";

const [word] = process.argv.slice(2);
const quick = word === "quick";
const rounds = quick ? 1 : Number(word ?? 3);
const plan = {
  sizes: quick ? [10, 100] : [10, 100, 1_000, 10_000],
  persons: quick ? 200 : 10_000,
  /** For each figure of those who are near each other, and of the others. */
  ms: quick ? { near: 50, far: 50 } : { near: 300, far: 100 },
};

/** The first three answer with suggestions, too. */
const ENGINES = [
  "native",
  "twin",
  "generated",
  "json-logic-engine",
  "cel",
  "json-logic-js",
  "zen",
  "json-rules-engine",
];
const NEAR = new Set(ENGINES.slice(0, 3));
/** Who would take seconds for all persons, or minutes, is asked about so many. */
const SAMPLE = new Map([
  ["json-logic-js", 1_000],
  ["zen", 1_000],
  ["json-rules-engine", 100],
]);

const versions = installPeers();
const load = loadavg()[0] as number;
const titles = new Map<string, string>();
const results = new Map<string, CaseResult[]>();

async function run(engine: string, rules: number, persons?: number): Promise<void> {
  const ms = NEAR.has(engine) ? plan.ms.near : plan.ms.far;
  const options: CaseOptions = { engine, rules, ms, ...(persons && { persons, asked: askedOf(engine) }) };
  const result = await isolated<CaseResult>(new URL("rules/case.ts", import.meta.url), options);
  titles.set(options.engine, result.title);
  const key = keyOf(options);
  results.set(key, [...(results.get(key) ?? []), result]);
}

for (let round = 1; round <= rounds; round += 1) {
  for (const rules of plan.sizes) {
    for (const engine of ENGINES) await run(engine, rules);
    sameAnswers(rules);
  }
  for (const engine of ENGINES) await run(engine, 100, plan.persons);
  console.log(`round ${round} of ${rounds} is over`);
}

if (!quick) {
  const data = { load, rounds, versions, results: Object.fromEntries(results) };
  writeResults("rules", data, [headline(), single(), batch(), others()].join("\n\n"));
}

function keyOf({ engine, rules, persons }: Pick<CaseOptions, "engine" | "rules" | "persons">): string {
  return `${engine} ${rules}${persons === undefined ? "" : ` × ${persons}`}`;
}

function askedOf(engine: string): number {
  return Math.min(plan.persons, SAMPLE.get(engine) ?? plan.persons);
}

/** All who answer with suggestions must have answered the same. */
function sameAnswers(rules: number): void {
  const answers = ENGINES.map((engine) => results.get(keyOf({ engine, rules }))?.at(-1)?.digest);
  const digests = new Set(answers.filter((digest) => digest !== undefined));
  if (digests.size !== 1) throw new Error(`With ${rules} rules the suggestions differ.`);
}

type Figure = "fired" | "suggest" | "learn" | "pass" | "coldUs" | "compileMs";

function figures(engine: string, rules: number, figure: Figure, persons?: number): number[] {
  const all = results.get(keyOf({ engine, rules, ...(persons && { persons }) })) ?? [];
  return all.map((result) => result[figure] ?? Number.NaN);
}

/** Of one engine over ours, in the same round. */
function ratio(engine: string, rules: number, figure: Figure, persons?: number): string {
  const ours = figures("native", rules, figure, persons);
  return `${digits(median(figures(engine, rules, figure, persons).map((theirs, n) => theirs / (ours[n] as number))))}×`;
}

function headline(): string {
  const rows = ["native", "twin", "generated"].map((engine) => [
    titles.get(engine) as string,
    ...plan.sizes.flatMap((rules) => [spread(figures(engine, rules, "suggest")), ratio(engine, rules, "suggest")]),
  ]);
  const head = plan.sizes.flatMap((rules) => [`${rules} rules`, "of ours"]);
  return `## One trait learned, the first five suggestions with reasons (µs)\n\n${markdownTable(["", ...head], rows)}`;
}

function single(): string {
  const rows = ENGINES.map((engine) => [
    titles.get(engine) as string,
    ...plan.sizes.flatMap((rules) => [spread(figures(engine, rules, "fired")), ratio(engine, rules, "fired")]),
  ]);
  const head = plan.sizes.flatMap((rules) => [`${rules} rules`, "of ours"]);
  return `## One trait learned, the rules that fire (µs)\n\n${markdownTable(["", ...head], rows)}`;
}

function batch(): string {
  const { persons } = plan;
  const rows = ENGINES.map((engine) => [
    titles.get(engine) as string,
    spread(figures(engine, 100, "pass", persons).map((us) => us / 1_000)),
    ratio(engine, 100, "pass", persons),
    askedOf(engine) === persons ? "all" : `${digits(askedOf(engine))}, the figure is as many times theirs`,
  ]);
  const head = ["", "a pass", "of ours", "persons asked"];
  return `## 100 rules, ${digits(persons)} persons, all pairs (ms)\n\n${markdownTable(head, rows)}`;
}

function others(): string {
  const sizes = [100, 1_000, 10_000];
  const cold = ENGINES.map((engine) => [
    titles.get(engine) as string,
    ...sizes.map((rules) => spread(figures(engine, rules, "coldUs"))),
    ...sizes.map((rules) => spread(figures(engine, rules, "compileMs"))),
  ]);
  const heads = ["cold µs", "compile ms"].flatMap((what) => sizes.map((rules) => `${what}, ${rules}`));
  const learn = ["native", "twin"].map((engine) => [
    titles.get(engine) as string,
    ...sizes.map((rules) => spread(figures(engine, rules, "learn").map((us) => us * 1_000))),
  ]);
  return [
    `## Cold start, and compiling (processor time)\n\n${markdownTable(["", ...heads], cold)}`,
    `## A trait learned, with the upkeep of the index (ns)\n\n${markdownTable(["", ...sizes.map(String)], learn)}`,
    `Load of the machine when this began: ${digits(load)}. ${rounds} rounds.`,
  ].join("\n\n");
}
