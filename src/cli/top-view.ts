/** What `top` shows, as lines of text. */
import type * as z from "zod";
import type { busiestSchema } from "../http/wire/busiest.ts";
import type { fleetSchema } from "../http/wire/fleet.ts";
import type { spendingSchema } from "../http/wire/spending.ts";
import { printable, shortened, table } from "./terminal.ts";

export type Fleet = z.output<typeof fleetSchema>;
export type Busiest = z.output<typeof busiestSchema>;

export type Spending = z.output<typeof spendingSchema>;

export const SORTS = ["queued", "in_flight", "spend"] as const;
export type Sort = (typeof SORTS)[number];

/** Some of those whom a sort is about, most first. */
export interface Page {
  /** Which of how many they are. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns that hold numbers. */
  readonly right: readonly number[];
  /** Whether others follow. */
  readonly more: boolean;
}

export interface Snapshot {
  readonly at: number;
  readonly fleet: Fleet;
  readonly page: Page;
}

export interface View {
  readonly url: string;
  readonly sort: Sort;
  readonly now: Snapshot;
  /** What was there the last time; gives what happens in a second. */
  readonly before: Snapshot | undefined;
  /** Why this is not up to date. */
  readonly fault: string | undefined;
}

/** Lines above the personas: three of the fleet, a blank one, the head of the table. */
export const LINES_ABOVE = 5;

export function linesOf({ url, sort, now, before, fault }: View): string[] {
  const { fleet, page } = now;
  return [
    `${url}  ${grouped(fleet.personas)} personas, ${page.title}, by ${sort}${fault === undefined ? "" : `  !! ${fault}`}`,
    counts({
      queued: fleet.queued,
      "in store": fleet.in_store,
      "in flight": fleet.in_flight,
      dead: fleet.dead,
      refused: fleet.refused,
    }),
    rates(now, before),
    "",
    ...table(page.head, page.rows, page.right).split("\n"),
  ];
}

/** Who has most to do, from the place `offset` on. */
export function loadPage({ busy, personas }: Busiest, offset: number, at: number): Page {
  const last = offset + personas.length;
  return {
    title: busy === 0 ? "nobody is busy" : `${grouped(offset + 1)}–${grouped(last)} of ${grouped(busy)} busy`,
    head: ["persona", "queued", "in store", "in flight", "held by", "for", "name"],
    right: [1, 2, 3],
    rows: personas.map(({ id, queued, in_store, in_flight, held, held_until, breaker, name }) => [
      shortened(id, 40),
      grouped(queued),
      grouped(in_store),
      grouped(in_flight),
      held ?? (breaker === "closed" ? "" : `breaker ${breaker}`),
      held_until === undefined ? "" : duration(held_until - at),
      shortened(printable(name, { isTTY: true }), 40),
    ]),
    more: last < busy,
  };
}

/** Who spent most; the report begins with the first of all. */
export function spendingPage({ spending, more }: Spending, offset: number): Page {
  const rows = spending.slice(offset);
  return {
    title:
      spending.length === 0
        ? "nobody spent anything"
        : `${grouped(offset + 1)}–${grouped(spending.length)} of the last 24 hours`,
    head: ["persona", "usd", "calls", "input tokens", "output tokens", "without a price"],
    right: [1, 2, 3, 4, 5],
    rows: rows.map(({ of = "", usd, calls, input_tokens, output_tokens, unpriced }) => [
      shortened(of, 40),
      usd.toFixed(4),
      ...[calls, input_tokens, output_tokens, unpriced].map(grouped),
    ]),
    more,
  };
}

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
