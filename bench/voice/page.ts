/** What was measured, as a page. */
import { VARIANTS } from "../../src/voice/score.ts";
import { digits, markdownTable, median, spread } from "../support/results.ts";
import type { Accuracy } from "./accuracy.ts";
import { CONTENDERS, type ContenderName } from "./contenders.ts";
import type { Live } from "./live.ts";
import type { Speed } from "./speed.ts";

export interface Plan {
  readonly rounds: number;
  readonly speed: readonly { readonly streams: number; readonly seconds: number }[];
  readonly live: { readonly streams: number; readonly seconds: number };
}

export interface SpeedCase {
  readonly contender: ContenderName;
  readonly streams: number;
  readonly seconds: number;
  readonly measured: Speed[];
}

export interface Results {
  readonly accuracy: Readonly<Partial<Record<ContenderName, Accuracy>>>;
  readonly speed: readonly SpeedCase[];
  readonly live: readonly {
    readonly streams: number;
    readonly detector: "network" | "refined";
    readonly measured: Live[];
  }[];
}

export function pageOf(plan: Plan, peers: Readonly<Record<string, string>>, results: Results): string {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return [
    "# Voice",
    ...accuracyOf(results.accuracy),
    `## Processor time for a second of sound, one core\n\nMicroseconds of all threads, from the first frame to the last event; in brackets least and most of ${plan.rounds} rounds.`,
    speedOf(plan, results.speed),
    "## LiveKit's time by ours\n\nMedian of the ratios within each round.",
    ratiosOf(plan, results.speed),
    "## Resident memory of a stream\n\nKilobytes, with what waits and what is kept of its sound.",
    memoryOf(plan, results.speed),
    `## ${plan.live.streams} live streams\n\nPackets of 20 ms in real time.`,
    liveOf(results.live),
    `Against ${versions.join(", ")}.`,
  ].join("\n\n");
}

const four = (value: number | undefined) => value?.toFixed(4) ?? "";

function accuracyOf(accuracy: Results["accuracy"]): readonly string[] {
  const found = Object.entries(accuracy) as [ContenderName, Accuracy][];
  if (found.length === 0) return [];
  const head = ["variant", "detector", "AUC", "AP", "best F1", "F1 at 0.5", "causal AUC", "causal best F1"];
  const rows = VARIANTS.flatMap((variant) =>
    found.flatMap(([name, { variants }]) => {
      const scores = variants[variant];
      if (scores === undefined) return [];
      const { frames, causal, endMedianMs, endsMissed, ends } = scores;
      const figures = [frames.rocAuc, frames.averagePrecision, frames.bestF1, frames.f1, causal.rocAuc, causal.bestF1];
      const late = [endMedianMs?.toFixed(0) ?? "", `${endsMissed}/${ends + endsMissed}`];
      return [[`${variant}, ${CONTENDERS[name].title}`, ...figures.map(four), ...late]];
    }),
  );
  const titles = [`${head[0]}, ${head[1]}`, ...head.slice(2), "end p50, ms", "missed"];
  const parity = accuracy.network?.parity;
  const most =
    parity === undefined
      ? ""
      : ` Our network is at most ${parity.toExponential(2)} away from onnxruntime's (aim: 1e-5).`;
  return [`## Accuracy\n\n${found[0]?.[1].clips} clips.${most}`, markdownTable(titles, rows)];
}

/** A row for each contender, a column for each number of streams. */
function bySize(plan: Plan, speed: readonly SpeedCase[], cell: (one: SpeedCase) => string): string {
  const names = [...new Set(speed.map(({ contender }) => contender))];
  const rows = names.map((name) => [
    CONTENDERS[name].title,
    ...plan.speed.map(({ streams }) => {
      const one = speed.find(({ contender, streams: count }) => contender === name && count === streams);
      return one === undefined ? "" : cell(one);
    }),
  ]);
  return markdownTable(["", ...plan.speed.map(({ streams }) => `${streams} streams`)], rows);
}

function speedOf(plan: Plan, speed: readonly SpeedCase[]): string {
  return bySize(plan, speed, ({ measured }) => spread(measured.map(({ microseconds }) => microseconds)));
}

function memoryOf(plan: Plan, speed: readonly SpeedCase[]): string {
  return bySize(plan, speed, ({ streams, measured }) =>
    // Of a few streams the rest of the process is more.
    streams < 256 ? "" : spread(measured.map(({ bytes }) => bytes / 1_000)),
  );
}

function ratiosOf(plan: Plan, speed: readonly SpeedCase[]): string {
  const ours = speed.filter(({ contender }) => ["direct", "network", "refined"].includes(contender));
  return bySize(plan, ours, ({ streams, measured }) => {
    const livekit = speed.find((one) => one.contender === "livekit" && one.streams === streams)?.measured ?? [];
    const ratios = measured.map(({ microseconds }, n) => (livekit[n]?.microseconds ?? Number.NaN) / microseconds);
    return `${digits(median(ratios))}×`;
  });
}

function liveOf(live: Results["live"]): string {
  const without = live.find(({ streams }) => streams === 0)?.measured ?? [];
  const rows = live.map(({ streams, detector, measured }) => [
    streams === 0 ? "nobody, the same timers" : `${streams} streams, ${detector}`,
    spread(measured.map(({ delayMs }) => delayMs.p50)),
    spread(measured.map(({ delayMs }) => delayMs.p99)),
    // Within each round.
    streams === 0
      ? ""
      : spread(measured.map(({ delayMs }, n) => delayMs.p99 - (without[n]?.delayMs.p99 ?? Number.NaN))),
    ...(streams === 0
      ? ["", ""]
      : [
          spread(measured.map(({ latencyMs }) => latencyMs.p50)),
          spread(measured.map(({ latencyMs }) => latencyMs.p99)),
        ]),
    spread(measured.map(({ cpuPercent }) => cpuPercent)),
  ]);
  const head = [
    "",
    "loop delay p50, ms",
    "p99",
    "added to p99 (aim: 0.5)",
    "packet → event p50, ms",
    "p99",
    "% of a core",
  ];
  return markdownTable(head, rows);
}
