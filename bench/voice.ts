/**
 * `npm run bench voice [rounds | quick] [folder]`: how good the detectors are on a folder of labelled clips, what they cost,
 * and what live streams do to the event loop. Without a folder accuracy and parity are left out. `quick` checks the
 * results of short runs and writes none.
 */
import { resolve } from "node:path";
import { installPeers } from "./peers/peer.ts";
import { isolated } from "./support/isolated.ts";
import { onCore } from "./support/pinned.ts";
import { writeResults } from "./support/results.ts";
import type { Accuracy, AccuracyOptions } from "./voice/accuracy.ts";
import { CONTENDERS, type Contender, type ContenderName, PEERS } from "./voice/contenders.ts";
import type { Live, LiveOptions } from "./voice/live.ts";
import { type Plan, pageOf, type Results, type SpeedCase } from "./voice/page.ts";
import type { Speed, SpeedOptions } from "./voice/speed.ts";

const FULL: Plan = {
  rounds: 3,
  speed: [
    { streams: 1, seconds: 60 },
    { streams: 16, seconds: 8 },
    { streams: 256, seconds: 2 },
    { streams: 2_000, seconds: 0.32 },
  ],
  live: { streams: 256, seconds: 10 },
};
const QUICK: Plan = {
  rounds: 1,
  speed: [
    { streams: 1, seconds: 2 },
    { streams: 16, seconds: 0.32 },
  ],
  live: { streams: 16, seconds: 0.5 },
};

const [word, given] = process.argv.slice(2);
const quick = word === "quick";
const plan = quick ? QUICK : { ...FULL, rounds: Number(word ?? FULL.rounds) };
const peers = installPeers(PEERS);
const names = Object.keys(CONTENDERS) as ContenderName[];

const accuracy: Partial<Record<ContenderName, Accuracy>> = {};
if (given !== undefined) {
  for (const contender of names) {
    console.log(`accuracy: ${CONTENDERS[contender].title}`);
    const options: AccuracyOptions = { contender, folder: resolve(given), seed: 1 };
    accuracy[contender] = await isolated<Accuracy>(new URL("voice/accuracy.ts", import.meta.url), options);
  }
}

const speed: SpeedCase[] = plan.speed.flatMap((size) =>
  names
    .filter((name) => size.streams <= ((CONTENDERS[name] as Contender).mostStreams ?? Number.POSITIVE_INFINITY))
    .map((contender) => ({ contender, ...size, measured: [] as Speed[] })),
);
const live: Results["live"] = [
  { streams: 0, detector: "network", measured: [] },
  { streams: plan.live.streams, detector: "network", measured: [] },
  { streams: plan.live.streams, detector: "refined", measured: [] },
];
for (let round = 1; round <= plan.rounds; round += 1) {
  console.log(`round ${round} of ${plan.rounds}`);
  for (const { contender, streams, seconds, measured } of speed) {
    const options: SpeedOptions = { contender, streams, seconds };
    const pinned = onCore(0);
    const settings = { ...pinned, execArgv: [...(pinned.execArgv ?? []), "--expose-gc"] };
    measured.push(await isolated<Speed>(new URL("voice/speed.ts", import.meta.url), options, settings));
  }
  for (const { streams, detector, measured } of live) {
    const options: LiveOptions = { streams, detector, seconds: plan.live.seconds };
    measured.push(await isolated<Live>(new URL("voice/live.ts", import.meta.url), options));
  }
}

const results: Results = { accuracy, speed, live };
const page = pageOf(plan, peers, results);
if (quick) console.log(`\n${page}\n\nEvery result was right. So short a run measures nothing.`);
else writeResults("voice", { peers, ...results }, page);
