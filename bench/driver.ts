/**
 * `npm run bench driver [rounds]`: who calls the service cycle? The JavaScript thread itself, as shipped
 * (`src/runtime/fleet.ts`), or a thread of the fleet's own (`bench/driver/src/threaded.rs`).
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DRIVERS, type DriverName } from "./driver/drivers.ts";
import type { Figures } from "./driver/measurements.ts";
import { ADDON } from "./driver/threaded.ts";
import { Crash, isolated } from "./support/isolated.ts";
import { markdownTable, spread, writeResults } from "./support/results.ts";

const TITLES = {
  idle: "arm → handler, one item on an idle fleet",
  load: "arm → handler, 20 000 items/s over 100 000 personas",
  million: "the same load over 1 000 000 personas",
  throughput: "arm → turn → complete, 1 024 at once",
  blocked: "due → handler, 5 000 items/s, loop blocked 100 of every 300 ms",
  asleep: "1 000 000 personas, 10 000 items due in an hour",
};
const TERMINATIONS = 50;

const rounds = Number(process.argv[2] ?? 3);
buildRival();

const found: { measurement: string; figures: Record<DriverName, Figures[]> }[] = [];
for (const [measurement, title] of Object.entries(TITLES)) {
  const figures: Record<DriverName, Figures[]> = { inline: [], threaded: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const driver of DRIVERS) figures[driver].push(await measure(driver, measurement));
  }
  console.log(`measured: ${title}`);
  found.push({ measurement: title, figures });
}
const teardown = { inline: await terminations("inline"), threaded: await terminations("threaded") };

const rows = found.flatMap(({ measurement, figures }) =>
  Object.keys(figures.inline[0] ?? {}).map((figure) => [
    `${measurement}: ${figure}`,
    ...DRIVERS.map((driver) => spread(figures[driver].map((one) => one[figure] ?? Number.NaN))),
  ]),
);
rows.push(
  [
    `worker terminated while busy, ${TERMINATIONS} processes: crashed`,
    ...DRIVERS.map((driver) => `${teardown[driver].crashes}`),
  ],
  ["worker terminated while busy: ms", ...DRIVERS.map((driver) => spread(teardown[driver].ms))],
);

writeResults(
  "driver",
  { rounds, measurements: found, teardown },
  `# Inline or threaded

${markdownTable(["measurement: median (least–most)", ...DRIVERS], rows)}

${rounds} interleaved rounds, each measurement in a process of its own.`,
);

function measure(driver: DriverName, measurement: string): Promise<Figures> {
  return isolated(new URL("driver/measurements.ts", import.meta.url), { driver, measurement });
}

async function terminations(driver: DriverName): Promise<{ crashes: number; ms: number[] }> {
  const ms: number[] = [];
  for (let n = 0; n < TERMINATIONS; n += 1) {
    try {
      ms.push((await measure(driver, "teardown"))["ms"] ?? Number.NaN);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      console.error(error.message);
    }
  }
  return { crashes: TERMINATIONS - ms.length, ms };
}

/** The rival is no part of the package, so nothing else builds it. */
function buildRival(): void {
  const root = join(import.meta.dirname, "..");
  const options = ["--release", "--package", "persona-bench-driver", "--message-format=json-render-diagnostics"];
  const { status, stdout } = spawnSync("cargo", ["build", ...options], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  const library = (stdout ?? "").split("\n").flatMap((line) => {
    const artifact = line.startsWith("{") ? JSON.parse(line) : {};
    return artifact.target?.name === "persona_bench_driver" ? (artifact.filenames as string[]) : [];
  })[0];
  if (status !== 0 || library === undefined) throw new Error("The threaded driver could not be built.");
  mkdirSync(dirname(ADDON), { recursive: true });
  copyFileSync(library, ADDON);
}
