/**
 * `npm run bench fleet [rounds | quick]`: what a fleet costs when it is idle and when it is busy, how soon it reacts,
 * and what one persona can do to the others; against what one would use instead. `quick` checks the results of small
 * fleets and writes none.
 */
import { CONTENDERS, type ContenderName } from "./fleet/contenders.ts";
import type { Idle, IdleOptions } from "./fleet/idle.ts";
import type { LatencyOptions } from "./fleet/latency.ts";
import { FIRST_PERSONA, type Measured, type Plan, pageOf } from "./fleet/page.ts";
import type { Throughput, ThroughputOptions } from "./fleet/throughput.ts";
import type { Latency } from "./fleet/timed.ts";
import { installPeers } from "./peers/peer.ts";
import { isolated } from "./support/isolated.ts";
import { writeResults } from "./support/results.ts";

const FULL: Plan = {
  rounds: 3,
  idle: { sizes: [15, 1_000, 100_000, 1_000_000], seconds: 1 },
  throughput: { sizes: [1_000, 100_000, 1_000_000], seconds: 1 },
  latency: { personas: 100_000, perSecond: 20_000, seconds: 3 },
  neighbours: { personas: 1_000, perSecond: 5_000, seconds: 1.5 },
};
const QUICK: Plan = {
  rounds: 1,
  idle: { sizes: [15, 1_000], seconds: 0.1 },
  throughput: { sizes: [1_000], seconds: 0.1 },
  latency: { personas: 1_000, perSecond: 5_000, seconds: 0.2 },
  neighbours: { personas: 1_000, perSecond: 2_000, seconds: 0.2 },
};

const [word] = process.argv.slice(2);
const quick = word === "quick";
const plan = quick ? QUICK : { ...FULL, rounds: Number(word ?? FULL.rounds) };
const contenders = Object.keys(CONTENDERS) as ContenderName[];
const peers = installPeers();

const idle = await measure<IdleOptions, Idle>("idle", [
  { contender: "nobody", personas: 0, seconds: plan.idle.seconds },
  ...plan.idle.sizes.flatMap((personas) =>
    contenders.map((contender) => ({ contender, personas, seconds: plan.idle.seconds })),
  ),
]);
const throughput = await measure<ThroughputOptions, Throughput>(
  "throughput",
  plan.throughput.sizes.flatMap((personas) =>
    contenders.map((contender) => ({ contender, personas, seconds: plan.throughput.seconds })),
  ),
);
const latency = await measure<LatencyOptions, Latency>(
  "latency",
  contenders.map((contender) => ({ contender, first: "idle", ...plan.latency })),
);
const neighbours = await measure<LatencyOptions, Latency>(
  "latency",
  contenders.flatMap((contender) => FIRST_PERSONA.map((first) => ({ contender, first, ...plan.neighbours }))),
);

const results = { idle, throughput, latency, neighbours };
const page = pageOf(plan, results);
if (quick) console.log(`\n${page}\n\nEvery result was right. So short a run measures nothing.`);
else writeResults("fleet", { peers, plan, ...results }, page);

/** The cases of a round follow each other, so that a slow minute of the machine hits all alike. */
async function measure<Options extends object, Result>(
  script: string,
  cases: readonly Options[],
): Promise<readonly Measured<Options, Result>[]> {
  const measured = cases.map((options) => ({ options, results: [] as Result[] }));
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const { options, results } of measured) {
      results.push(await isolated<Result>(new URL(`fleet/${script}.ts`, import.meta.url), options));
    }
    console.log(`${script}: round ${round} of ${plan.rounds} done`);
  }
  return measured;
}
