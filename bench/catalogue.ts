/**
 * `npm run bench catalogue [rounds | quick] [folder]`: what reading, writing and starting cost a catalogue of 10 to
 * 100 000 personas, beside what one writes first. `quick` checks the results of short runs and writes none.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PostgresServer } from "../test/support/postgres-server.ts";
import type { Reading, ReadingOptions } from "./catalogue/reading.ts";
import type { Starting, StartingOptions } from "./catalogue/starting.ts";
import type { Writing, WritingOptions } from "./catalogue/writing.ts";
import { isolated } from "./support/isolated.ts";
import { digits, markdownTable, median, spread, writeResults } from "./support/results.ts";

const [word, place = tmpdir()] = process.argv.slice(2);
const quick = word === "quick";
const rounds = quick ? 1 : Number(word ?? 3);
const plan = {
  sizes: quick ? [10, 1_000] : [10, 1_000, 100_000],
  /** Of each call, in each round. */
  ms: quick ? 100 : 1_000,
  /** That are replaced, over and over. */
  entries: 1_000,
  writes: quick ? 500 : 2_000,
  /** Cases that write everything each time would take minutes. */
  fileWrites: quick ? 50 : 200,
  started: quick ? 1_000 : 100_000,
};

const SHELVES = [
  { shelf: "catalogue", title: "catalogue" },
  { shelf: "map", title: "Map of a JSON file, copies handed out" },
  { shelf: "table", title: "table, parsed and checked on each read" },
] as const;

const results = {
  reading: new Map<string, Reading[]>(),
  writing: new Map<string, number[]>(),
  starting: new Map<string, Starting[]>(),
};
const folder = mkdtempSync(join(place, "persona-bench-"));
const server = await PostgresServer.start({ place, settings: { fsync: "on" } });

const script = (name: string) => new URL(`catalogue/${name}.ts`, import.meta.url);

function keep<Result>(into: Map<string, Result[]>, name: string, result: Result): void {
  into.set(name, [...(into.get(name) ?? []), result]);
}

const DESKS: readonly (readonly [title: string, place: WritingOptions["place"], postgres: boolean])[] = [
  ["catalogue, SQLite", "store", false],
  ["table in SQLite, a commit each", "table", false],
  ["JSON file, written anew each time", "file", false],
  ["catalogue, PostgreSQL", "store", true],
  ["table in PostgreSQL, a pool of 10", "table", true],
];

const STARTS: readonly (readonly [title: string, place: StartingOptions["place"], postgres: boolean])[] = [
  ["catalogue, SQLite", "store", false],
  ["catalogue, PostgreSQL", "store", true],
  ["table in SQLite, all parsed and checked", "table", false],
  ["JSON file, parsed and not checked", "file", false],
];

try {
  let schemas = 0;
  const freshUrl = () => {
    schemas += 1;
    return server.url(`bench_${schemas}`);
  };
  const filled = freshUrl();
  for (const url of [undefined, filled]) {
    const options: StartingOptions = { place: "fill", folder, personas: plan.started, ...(url ? { url } : {}) };
    await isolated<Starting>(script("starting"), options);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const personas of plan.sizes) {
      for (const { shelf } of SHELVES) {
        const options: ReadingOptions = { shelf, personas, ms: plan.ms };
        keep(results.reading, `${shelf} ${personas}`, await isolated<Reading>(script("reading"), options));
      }
    }
    for (const together of [1, 64]) {
      for (const [title, desk, postgres] of DESKS) {
        const writes = desk === "file" ? plan.fileWrites : plan.writes;
        const where = postgres ? { url: freshUrl(), host: server.folder } : { folder };
        const options: WritingOptions = {
          place: desk,
          entries: Math.min(plan.entries, writes),
          writes,
          together,
          ...where,
        };
        const { perSecond } = await isolated<Writing>(script("writing"), options);
        keep(results.writing, `${title}: ${together}`, perSecond);
      }
    }
    for (const [title, from, postgres] of STARTS) {
      const options: StartingOptions = {
        place: from,
        folder,
        personas: plan.started,
        ...(postgres ? { url: filled } : {}),
      };
      keep(
        results.starting,
        title,
        await isolated<Starting>(script("starting"), options, { execArgv: ["--expose-gc"] }),
      );
    }
    console.log(`round ${round} of ${rounds} is over`);
  }
} finally {
  await server.close();
  rmSync(folder, { recursive: true });
}

const readings = (pick: (reading: Reading) => number) =>
  SHELVES.map(({ shelf, title }) => [
    title,
    ...plan.sizes.map((personas) => spread((results.reading.get(`${shelf} ${personas}`) ?? []).map(pick))),
  ]);
const head = (what: string) => [what, ...plan.sizes.map((size) => size.toLocaleString("en-US").replaceAll(",", " "))];
const writes = (title: string, together: number) => spread(results.writing.get(`${title}: ${together}`) ?? []);
const starts = STARTS.map(([title]) => {
  const all = results.starting.get(title) ?? [];
  return [
    title,
    spread(all.map(({ seconds }) => seconds)),
    digits(median(all.map(({ cpuSeconds }) => cpuSeconds))),
    digits(median(all.map(({ bytes }) => bytes))),
  ];
});

const page = `# The catalogue

Calls a second: median of ${rounds} rounds (least–most), each case in a process of its own.

${markdownTable(
  head("resolve, the same ten of"),
  readings(({ resolveTen }) => resolveTen),
)}

${markdownTable(
  head("resolve, any of"),
  readings(({ resolve }) => resolve),
)}

${markdownTable(
  head("find, any of"),
  readings(({ find }) => find),
)}

${markdownTable(
  head("page of 100, anywhere in"),
  readings((reading) => reading.page),
)}

Entries replaced in a second, each on the disk before the next step of whoever wrote it:

${markdownTable(
  ["", "one at a time", "64 under way"],
  DESKS.map(([title]) => [title, writes(title, 1), writes(title, 64)]),
)}

${digits(plan.started)} stored personas, until one of them is resolved:

${markdownTable(["", "seconds", "CPU seconds", "bytes of the heap for each"], starts)}`;

if (quick) console.log(page);
else {
  const [reading, writing, starting] = [results.reading, results.writing, results.starting].map(Object.fromEntries);
  writeResults("catalogue", { plan, rounds, reading, writing, starting }, page);
}
