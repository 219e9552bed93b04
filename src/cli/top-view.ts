/** What `top` shows, as lines of text. */
import type * as z from "zod";
import type { busiestSchema } from "../http/wire/busiest.ts";
import type { fleetSchema } from "../http/wire/fleet.ts";
import { printable, shortened, table } from "./terminal.ts";

export type Fleet = z.output<typeof fleetSchema>;
export type Busiest = z.output<typeof busiestSchema>;

export const SORTS = ["queued", "in_flight"] as const;
export type Sort = (typeof SORTS)[number];

export interface Snapshot {
  readonly at: number;
  readonly fleet: Fleet;
  readonly busiest: Busiest;
}

export interface View {
  readonly url: string;
  readonly sort: Sort;
  /** How many are above the page. */
  readonly offset: number;
  readonly now: Snapshot;
  /** What was there the last time; gives what happens in a second. */
  readonly before: Snapshot | undefined;
  /** Why this is not up to date. */
  readonly fault: string | undefined;
}

/** Lines above the personas: three of the fleet, a blank one, the head of the table. */
export const LINES_ABOVE = 5;

export function linesOf({ url, sort, offset, now, before, fault }: View): string[] {
  const { fleet, busiest } = now;
  const ids = busiest.personas.map(({ id, queued, in_store, in_flight, held, held_until, breaker, name }) => [
    shortened(id, 40),
    grouped(queued),
    grouped(in_store),
    grouped(in_flight),
    held ?? (breaker === "closed" ? "" : `breaker ${breaker}`),
    held_until === undefined ? "" : duration(held_until - now.at),
    shortened(printable(name, { isTTY: true }), 40),
  ]);
  const last = offset + busiest.personas.length;
  const shown =
    busiest.busy === 0 ? "nobody is busy" : `${grouped(offset + 1)}–${grouped(last)} of ${grouped(busiest.busy)} busy`;
  return [
    `${url}  ${grouped(fleet.personas)} personas, ${shown}, by ${sort}${fault === undefined ? "" : `  !! ${fault}`}`,
    counts({
      queued: fleet.queued,
      "in store": fleet.in_store,
      "in flight": fleet.in_flight,
      dead: fleet.dead,
      refused: fleet.refused,
    }),
    rates(now, before),
    "",
    ...table(["persona", "queued", "in store", "in flight", "held by", "for", "name"], ids, NUMERIC).split("\n"),
  ];
}

/** The columns that are counts, at the right of their columns. */
const NUMERIC = [1, 2, 3];

function counts(of: Readonly<Record<string, number>>): string {
  return Object.entries(of)
    .map(([name, count]) => `${name} ${grouped(count)}`)
    .join("   ");
}

/** What has ended in each second since the last look. */
function rates(now: Snapshot, before: Snapshot | undefined): string {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  if (before === undefined || seconds <= 0) return "per second: –";
  const rate = (count: "accepted" | "answered" | "declined" | "retried") =>
    Math.max(0, (now.fleet[count] - before.fleet[count]) / seconds).toFixed(1);
  return `per second: accepted ${rate("accepted")}   answered ${rate("answered")}   declined ${rate("declined")}   retried ${rate("retried")}`;
}

/** `100 000` */
export function grouped(count: number): string {
  return `${count}`.replace(/\B(?=(\d{3})+$)/g, " ");
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
