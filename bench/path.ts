/**
 * `npm run bench path [messages] [rounds] [folder]`: the way of a message from `send` to its reply, in this package, in
 * the bare database, and in the server that one writes first.
 */
import { PostgresServer } from "../test/support/postgres-server.ts";
import { isolated } from "./support/isolated.ts";
import type { Cost } from "./support/meter.ts";
import { digits, markdownTable, median, spread, writeResults } from "./support/results.ts";

interface Case {
  readonly name: string;
  readonly script: "runtime" | "raw" | "naive";
  readonly options: object | (() => object);
  /** Of the messages asked for: cases that wait for the disk each time would take minutes. */
  readonly share?: number;
  /** It has no event loop to speak of: it never returns to it. */
  readonly blocks?: boolean;
}

/** Left out where no server is installed. */
const postgres =
  PostgresServer.programs() === undefined ? undefined : await PostgresServer.start({ settings: { fsync: "on" } });
/** A schema of its own for each round. */
const schemas = { made: 0 };
const inPostgres = (server: PostgresServer) => {
  schemas.made += 1;
  return { store: server.url(`round_${schemas.made}`) };
};

const RAW = "raw better-sqlite3, commits of 256";
const CASES: readonly Case[] = [
  { name: "runtime, memory", script: "runtime", options: { store: "memory" } },
  { name: "runtime, durable", script: "runtime", options: { store: "file" } },
  ...(postgres === undefined
    ? []
    : [{ name: "runtime, PostgreSQL", script: "runtime", options: () => inPostgres(postgres) } as const]),
  { name: RAW, script: "raw", options: { group: 256 }, blocks: true },
  { name: "raw better-sqlite3, a commit per message", script: "raw", options: { group: 1 }, share: 0.25, blocks: true },
  { name: "plain queue + insert, synchronous=FULL", script: "naive", options: { synchronous: "FULL" }, share: 0.25 },
  { name: "plain queue + insert, synchronous=NORMAL", script: "naive", options: { synchronous: "NORMAL" } },
];

const [messages = 40_000, rounds = 5] = process.argv.slice(2, 4).map(Number);
const folder = process.argv[4];
const workload = { messages, personas: 1_000, users: 10, window: 2_000 };

const measured = new Map(CASES.map((one) => [one.name, [] as (Cost & { readonly messages: number })[]]));
for (let round = 1; round <= rounds; round += 1) {
  for (const { name, script, options, share = 1 } of CASES) {
    const count = Math.ceil(messages * share);
    const scriptFile = new URL(`path/${script}.ts`, import.meta.url);
    const chosen = typeof options === "function" ? options() : options;
    const cost = await isolated<Cost>(scriptFile, { ...workload, ...chosen, messages: count, folder });
    measured.get(name)?.push({ ...cost, messages: count });
    console.log(`round ${round}: ${name}: ${digits(count / cost.seconds)} messages/s`);
  }
}

await postgres?.close();

const rates = (name: string) => (measured.get(name) ?? []).map((cost) => cost.messages / cost.seconds);
const rows = CASES.map(({ name, blocks }) => {
  const costs = measured.get(name) ?? [];
  const delay = (pick: (delays: Cost["delayMs"]) => number) =>
    blocks ? "–" : digits(median(costs.map((cost) => pick(cost.delayMs))));
  return [
    name,
    spread(rates(name)),
    `${Math.round((100 * median(rates(name))) / median(rates(RAW)))} %`,
    digits(median(costs.map((cost) => (cost.cpuSeconds / cost.messages) * 1000))),
    [delay(({ p50 }) => p50), delay(({ p99 }) => p99), delay(({ max }) => max)].join(" / "),
  ];
});

writeResults(
  "path",
  { workload, rounds, cases: Object.fromEntries(measured) },
  `# The path of a message

${markdownTable(
  ["case", "messages/s, median (least–most)", "of raw", "CPU s per 1 000", "event-loop delay ms p50 / p99 / max"],
  rows,
)}

${rounds} interleaved rounds, each case in a process of its own: ${digits(messages)} messages (a quarter of them in the
cases that commit each alone) to ${digits(workload.personas)} personas from ${workload.users} users each, at most
${digits(workload.window)} on their way at once; cognition is a function that returns a text.`,
);
