/** The results as a page: tables, and what was aimed at. */
import { digits, markdownTable, median, spread } from "../support/results.ts";
import { CONTENDERS, type ContenderName } from "./contenders.ts";
import type { Idle, IdleOptions } from "./idle.ts";
import type { FirstPersona, LatencyOptions } from "./latency.ts";
import type { Throughput, ThroughputOptions } from "./throughput.ts";
import type { Latency } from "./timed.ts";

export interface Plan {
  readonly rounds: number;
  readonly idle: { readonly sizes: readonly number[]; readonly seconds: number };
  readonly throughput: { readonly sizes: readonly number[]; readonly seconds: number };
  readonly latency: Steady;
  /** One of them is hot, or hung. */
  readonly neighbours: Steady;
}

interface Steady {
  readonly personas: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** One case, with a result for each round. */
export interface Measured<Options, Result> {
  readonly options: Options;
  readonly results: readonly Result[];
}

export interface Results {
  readonly idle: readonly Measured<IdleOptions, Idle>[];
  readonly throughput: readonly Measured<ThroughputOptions, Throughput>[];
  readonly latency: readonly Measured<LatencyOptions, Latency>[];
  readonly neighbours: readonly Measured<LatencyOptions, Latency>[];
}

export const FIRST_PERSONA: readonly FirstPersona[] = ["idle", "hot", "hung"];
const OURS = ["cycle", "runtime"] as const;
const NAMES = Object.keys(CONTENDERS) as ContenderName[];
/** Below this, memory for each is mostly that of code. */
const MANY = 10_000;
/** The size at which handles are compared; the largest of a plan without it. */
const COMPARED = 100_000;

export function pageOf(plan: Plan, results: Results): string {
  const figures = new Figures(results);
  return `# The fleet

${aims(plan, figures)}

## Idle

${idle(plan, figures)}

CPU is what comes on top of the empty process (${digits(figures.idleOf("nobody", 0, (one) => one.cpuMsPerSecond))} ms/s). Wake-ups are
voluntary context switches of all threads but V8's own, without the one that ended the measurement.

## Busy: items per second

${throughput(plan, figures)}

## From armed to the handler

${latency(figures)}

${count(plan.latency.perSecond)} items/s from another thread over ${count(plan.latency.personas)} personas, store in memory.
“Due” is the moment at which the other thread was to hand the item in; it looks at the clock every 0.25 ms.

## One hot persona, one that hangs

${neighbours(figures)}

From armed to the handler, p99 of the other ${count(plan.neighbours.personas - 1)} personas at ${count(plan.neighbours.perSecond)} items/s.
The hot one is given as many items as all others together and takes 1 ms for each.

${plan.rounds} interleaved rounds, each case in a process of its own; median (least–most).`;
}

function aims(plan: Plan, figures: Figures): string {
  const largest = Math.max(...plan.idle.sizes);
  const sizes = plan.throughput.sizes;
  const compared = sizes.includes(COMPARED) ? COMPARED : Math.max(...sizes);
  const row = (aim: string, values: readonly number[], isReached: (value: number) => boolean) => [
    aim,
    values.map(digits).join(" / "),
    values.map((value) => (isReached(value) ? "yes" : "no")).join(" / "),
  ];
  const handles = (rival: ContenderName) => [figures.handlesPer(rival, compared)];
  const tick = (key: "p50" | "p99") =>
    OURS.map((name) => figures.latencyOf("timers", "armed", key) / figures.latencyOf(name, "armed", key));
  const disturbed = (first: FirstPersona) => OURS.map((name) => median(figures.disturbances(name, first)));
  return markdownTable(
    ["aim; two figures: handles / `send`", "reached", "yes?"],
    [
      row(
        `0 wake-ups/s with nothing due, ${count(largest)} personas`,
        OURS.map((name) => figures.idleOf(name, largest, (one) => one.wakeUpsPerSecond)),
        (value) => value === 0,
      ),
      row(
        `≤ 128 native bytes per idle persona of ${count(largest)}`,
        OURS.map((name) => figures.idleOf(name, largest, (one) => one.nativeBytes) / largest),
        (value) => value <= 128,
      ),
      row(`handles ≥ 3 × the ready list at ${count(compared)}`, handles("ready-list"), (value) => value >= 3),
      row(`handles ≥ 3 × the ready list that keeps the rules`, handles("ruled-list"), (value) => value >= 3),
      row(`handles ≥ 5 × p-queue at ${count(compared)}`, handles("p-queue"), (value) => value >= 5),
      row("latency p50: ≥ 1 000 times sooner than the 250 ms tick", tick("p50"), (value) => value >= 1_000),
      row("latency p99: ≥ 100 times sooner", tick("p99"), (value) => value >= 100),
      row("one persona hot: others' p99 < 2 ×", disturbed("hot"), (value) => value < 2),
      row("one persona hung: others' p99 < 2 ×", disturbed("hung"), (value) => value < 2),
    ],
  );
}

function idle(plan: Plan, figures: Figures): string {
  const empty = figures.idleOf("nobody", 0, (one) => one.cpuMsPerSecond);
  const row = (title: string, name: IdleOptions["contender"], personas: number) => {
    const of = (pick: (one: Idle) => number) => figures.idleOf(name, personas, pick);
    const each = (pick: (one: Idle) => number) => (personas < MANY ? "–" : digits(of(pick) / personas));
    return [
      title,
      digits(of((one) => one.wakeUpsPerSecond)),
      digits(of((one) => one.loopTurnsPerSecond)),
      digits(of((one) => one.cpuMsPerSecond) - empty),
      `${digits(of(({ delayMs }) => delayMs.p99))} / ${digits(of(({ delayMs }) => delayMs.max))}`,
      each((one) => one.rssBytes),
      each((one) => one.heapBytes),
      each((one) => one.nativeBytes),
    ];
  };
  const rows = plan.idle.sizes.flatMap((personas) =>
    NAMES.map((name) => row(`${count(personas)}: ${CONTENDERS[name]}`, name, personas)),
  );
  const bytes = ["RSS", "JavaScript", "native"].map((kind) => `${kind} bytes each`);
  return markdownTable(
    ["personas", "wake-ups/s", "loop turns/s", "CPU ms/s added", "event-loop delay ms p99 / max", ...bytes],
    [row("the empty process", "nobody", 0), ...rows],
  );
}

function throughput(plan: Plan, figures: Figures): string {
  const rows = plan.throughput.sizes.flatMap((personas) =>
    NAMES.map((name) => {
      const of = (pick: (one: Throughput) => number) => figures.throughputOf(name, personas, pick);
      const mid = (pick: (one: Throughput) => number) => digits(median(of(pick)));
      return [
        `${count(personas)}: ${CONTENDERS[name]}`,
        spread(of(({ items, seconds }) => items / seconds)),
        name === "cycle" ? "–" : digits(figures.handlesPer(name, personas)),
        mid(({ cpuSeconds, items }) => (cpuSeconds / items) * 1e6),
        `${mid(({ delayMs }) => delayMs.p99)} / ${mid(({ delayMs }) => delayMs.max)}`,
      ];
    }),
  );
  return markdownTable(
    ["personas", "items/s", "our handles: × as many", "CPU µs per item", "event-loop delay ms p99 / max"],
    rows,
  );
}

function latency(figures: Figures): string {
  const rows = NAMES.map((name) => {
    const us = (since: keyof Latency, key: "p50" | "p99") => digits(figures.latencyOf(name, since, key));
    const sooner = (key: "p50" | "p99") =>
      digits(figures.latencyOf("timers", "armed", key) / figures.latencyOf(name, "armed", key));
    return [
      CONTENDERS[name],
      `${us("armed", "p50")} / ${us("armed", "p99")}`,
      name === "timers" ? "–" : `${sooner("p50")} / ${sooner("p99")}`,
      `${us("due", "p50")} / ${us("due", "p99")}`,
    ];
  });
  const percentiles = "p50 / p99";
  return markdownTable(
    [
      "",
      `armed → handler µs ${percentiles}`,
      `times sooner than the tick ${percentiles}`,
      `due → handler µs ${percentiles}`,
    ],
    rows,
  );
}

function neighbours(figures: Figures): string {
  const rows = NAMES.map((name) => [
    CONTENDERS[name],
    ...FIRST_PERSONA.map((first) => digits(median(figures.neighboursP99(name, first)))),
    ...(["hot", "hung"] as const).map((first) => spread(figures.disturbances(name, first))),
  ]);
  return markdownTable(["", "without µs", "hot µs", "hung µs", "hot: × without", "hung: × without"], rows);
}

function count(number: number): string {
  return number.toLocaleString("en-US").replaceAll(",", " ");
}

/** Medians of what was measured. */
class Figures {
  readonly #results: Results;

  constructor(results: Results) {
    this.#results = results;
  }

  idleOf(name: IdleOptions["contender"], personas: number, pick: (one: Idle) => number): number {
    const found = this.#results.idle.find(({ options }) => options.contender === name && options.personas === personas);
    return median(found?.results.map(pick) ?? []);
  }

  throughputOf(name: ContenderName, personas: number, pick: (one: Throughput) => number): number[] {
    const found = this.#results.throughput.find(
      ({ options }) => options.contender === name && options.personas === personas,
    );
    return found?.results.map(pick) ?? [];
  }

  /** How many times as many items as `rival` our handles carry. */
  handlesPer(rival: ContenderName, personas: number): number {
    const rate = (name: ContenderName) =>
      median(this.throughputOf(name, personas, ({ items, seconds }) => items / seconds));
    return rate("cycle") / rate(rival);
  }

  /** In microseconds. */
  latencyOf(name: ContenderName, since: keyof Latency, key: "p50" | "p99"): number {
    const found = this.#results.latency.find(({ options }) => options.contender === name);
    return median(found?.results.map((one) => one[since][key]) ?? []);
  }

  /** In microseconds, round by round. */
  neighboursP99(name: ContenderName, first: FirstPersona): number[] {
    const found = this.#results.neighbours.find(({ options }) => options.contender === name && options.first === first);
    return found?.results.map(({ armed }) => armed.p99) ?? [];
  }

  /** How many times as long the others wait at p99, round by round. */
  disturbances(name: ContenderName, first: FirstPersona): number[] {
    const without = this.neighboursP99(name, "idle");
    return this.neighboursP99(name, first).map((p99, round) => p99 / (without[round] ?? Number.NaN));
  }
}
