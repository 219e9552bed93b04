/** Results on disk: `bench/results/<date>-<machine>/<name>.{json,md}`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

/** Writes what was measured, as data and as a page, and shows the page. */
export function writeResults(name: string, data: object, page: string): void {
  const date = new Date().toISOString().slice(0, 10);
  const folder = join(import.meta.dirname, "..", "results", `${date}-${slug(machine())}`);
  mkdirSync(folder, { recursive: true });
  const text = `${page.trim()}\n\n${date} on ${machine()}\n`;
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ date, machine: machine(), ...data }, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), text);
  console.log(`\n${text}`);
}

/** What the figures depend on, and nothing that names this very computer. */
function machine(): string {
  const processors = cpus();
  const model = (processors[0]?.model ?? "unknown processor").replace(/\((R|TM)\)/gi, "").replace(/\s+/g, " ");
  return `${model.trim()}, ${processors.length} cores, Node.js ${process.versions.node}`;
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^-|-$/g, "");

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, n) => (n === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** Median, and in brackets the least and the most, each with so many digits that differences are seen. */
export function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${digits(median(values))} (${digits(sorted[0] ?? Number.NaN)}–${digits(sorted.at(-1) ?? Number.NaN)})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Three digits, as far as there are decimals to have them. */
export function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);
}
