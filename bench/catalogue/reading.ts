/** Case: resolve, find and lists of one shelf with so many personas. Results are checked while they are timed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measured } from "../support/isolated.ts";
import { assertResolved, entriesFor, numbers, personaAt } from "./entries.ts";
import { SHELVES, type Shelf } from "./shelf.ts";

export interface ReadingOptions {
  readonly shelf: keyof typeof SHELVES;
  readonly personas: number;
  /** How long each is repeated, and half as long before. */
  readonly ms: number;
}

/** Calls a second. */
export interface Reading {
  /** Of ten personas, over and over; what else there is costs nothing but the look-up. */
  readonly resolveTen: number;
  /** Of any: with many, most of what is read is not in the processor's cache. */
  readonly resolve: number;
  readonly find: number;
  readonly page: number;
}

const PAGE = 100;
/** Calls between two looks at the clock. */
const TOGETHER = 8;

await measured(async ({ shelf, personas, ms }: ReadingOptions): Promise<Reading> => {
  const folder = mkdtempSync(join(tmpdir(), "persona-bench-"));
  try {
    const made = await SHELVES[shelf](entriesFor(personas), folder);
    // As a parser gives them: flat strings.
    const ids: string[] = JSON.parse(JSON.stringify(Array.from({ length: personas }, (_, at) => personaAt(at).id)));
    const calls = callsOn(made, ids);
    const rate = (call: (at: number) => void, among = personas) => {
      perSecond(call, among, ms / 2);
      return perSecond(call, among, ms);
    };
    const [resolveTen, resolve] = [rate(calls.resolve, 10), rate(calls.resolve)];
    return { resolveTen, resolve, find: rate(calls.find), page: rate(calls.page) };
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function callsOn(shelf: Shelf, ids: readonly string[]) {
  return {
    resolve: (at: number) => assertResolved(at, shelf.resolve(ids[at] ?? "")),
    find: (at: number) => assertIs(shelf.find(ids[at] ?? ""), ids[at]),
    page: (at: number) => {
      const page = shelf.list(ids[at] ?? "", PAGE);
      if (page.length !== Math.min(PAGE, ids.length - at - 1)) throw new Error(`a page of ${page.length} behind ${at}`);
      if (page.length > 0) assertIs(page[0], ids[at + 1]);
    },
  };
}

function assertIs(entry: { readonly id: string } | undefined, id: string | undefined): void {
  if (entry === undefined || entry.id !== id) throw new Error(`${id} was asked for, ${entry?.id} came`);
}

function perSecond(call: (at: number) => void, personas: number, ms: number): number {
  const random = numbers(personas);
  const start = performance.now();
  let calls = 0;
  for (let now = start; now - start < ms; now = performance.now()) {
    for (let done = 0; done < TOGETHER; done += 1) call(random.next().value);
    calls += TOGETHER;
  }
  return calls / ((performance.now() - start) / 1000);
}
