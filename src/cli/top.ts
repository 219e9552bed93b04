/** `persona-runtime top`: the busiest personas, in place on a terminal, else once. */
import { styleText } from "node:util";
import { Client, type ClientOptions } from "./client.ts";
import { screen } from "./screen.ts";
import { printable } from "./terminal.ts";
import {
  type Busiest,
  type Fleet,
  LINES_ABOVE,
  linesOf,
  loadPage,
  type Snapshot,
  SORTS,
  type Sort,
  type Spending,
  spendingPage,
} from "./top-view.ts";

export interface TopOptions extends ClientOptions {
  readonly sort: Sort;
  readonly limit: number;
  readonly interval: number;
}

export async function topCommand(options: TopOptions): Promise<void> {
  const client = new Client(options);
  const { sort, limit } = options;
  if (options.json === true) {
    const [fleet, page] = await Promise.all([
      client.call<Fleet>("GET", FLEET),
      client.call<object>("GET", pathOf(sort, 0, limit)),
    ]);
    return console.log(JSON.stringify({ fleet, ...page }));
  }
  if (process.stdout.isTTY && process.stdin.isTTY) return live(client, options);
  const now = await look(client, sort, 0, limit);
  console.log(linesOf({ ...options, now, before: undefined, fault: undefined }).join("\n"));
}

const FLEET = "/v1/status";

/** Most that a report of spending has. */
const MOST_SPENDERS = 999;
const DAY_MS = 86_400_000;

function pathOf(by: Sort, offset: number, limit: number): string {
  if (by !== "spend") return `/v1/busiest?by=${by}&offset=${offset}&limit=${limit}`;
  return `/v1/spending?by=persona&from=${Date.now() - DAY_MS}&limit=${Math.min(MOST_SPENDERS, offset + limit)}`;
}

/** One page, whatever the size of the fleet: the server sorts. */
async function look(client: Client, by: Sort, offset: number, limit: number, quit?: AbortSignal): Promise<Snapshot> {
  const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(quit === undefined ? [] : [quit])]);
  const [fleet, found] = await Promise.all([
    client.call<Fleet>("GET", FLEET, { signal }),
    client.call<Busiest | Spending>("GET", pathOf(by, offset, limit), { signal }),
  ]);
  const at = Date.now();
  return { at, fleet, page: "busy" in found ? loadPage(found, offset, at) : spendingPage(found, offset) };
}

/** A server that takes longer to answer is said to be late. */
const PATIENCE_MS = 10_000;

const KEYS = "q quits   s sorts by something else   n next page   p page before";

/** Until q or Ctrl+C. A server that goes away for a while is waited for. */
async function live(client: Client, options: TopOptions): Promise<void> {
  let { sort } = options;
  let offset = 0;
  let before: Snapshot | undefined;
  let fault: string | undefined;
  // Nothing has been drawn yet: a server that is not there is told like everywhere.
  let now = await look(client, sort, 0, 1);
  const view = screen();
  try {
    for (let wanted = true; wanted; ) {
      const page = Math.max(1, view.rows() - LINES_ABOVE - 1);
      try {
        const next = await look(client, sort, offset, page, view.quit);
        [before, now, fault] = [now, next, undefined];
      } catch (error) {
        fault = printable((error as Error).message);
      }
      const lines = linesOf({ url: options.url, sort, now, before, fault });
      view.draw([...lines.map((line, at) => (at === LINES_ABOVE - 1 ? styleText("inverse", line) : line)), KEYS]);
      switch (await view.key(options.interval * 1000)) {
        case "q":
          wanted = false;
          break;
        case "s":
          [sort, offset] = [SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? sort, 0];
          break;
        case "n":
          // A report of spending ends there; who is further down spent next to nothing.
          if (now.page.more && (sort !== "spend" || offset + page < MOST_SPENDERS)) offset += page;
          break;
        case "p":
          offset = Math.max(0, offset - page);
          break;
      }
    }
  } finally {
    view.close();
  }
}
