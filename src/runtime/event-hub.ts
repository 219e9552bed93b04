/**
 * The event stream. Durable events are lines of the change log, and readers are only told how far it
 * goes: whoever reads it, late or at once, reads the same in the same order. Tokens have no place in
 * the log: they wait in a buffer for each reader, a slow one loses them, and is told so.
 */
import type { ChangeRow, ConversationRow } from "../store/port.ts";
import type { EventOptions, EventStream, RuntimeEvent } from "../types.ts";
import { covers, type Scope } from "./scope.ts";

/** Changes of a tenant with a greater rev, oldest first, and the first rev that the log still holds of anybody's. */
interface Page {
  readonly oldest: number;
  readonly rows: readonly ChangeRow[];
}

export interface ChangeLog {
  changes(tenant: string, after: number, limit: number): Promise<Page>;
  /** The event that tells of a change; undefined if what it told of is gone. */
  eventOf(change: ChangeRow): Promise<Told | undefined>;
}

/** An event, and the conversation or person that it is about; without one it concerns the whole tenant. */
export interface Told {
  readonly event: RuntimeEvent;
  readonly place: Pick<ConversationRow, "tenant" | "owner"> | undefined;
}

const MAX_BUFFERED = 256;
const PAGE = 100;
/** Tenants whose last page is kept. */
const MAX_PAGES = 1_000;

/** The log, page by page. Readers who have come equally far, as those who keep up have, read a page once. */
class Pages {
  readonly #log: ChangeLog;
  /** By tenant: the last that was read, and how far the log went then. */
  readonly #last = new Map<string, { readonly after: number; readonly to: number; readonly page: Promise<Page> }>();

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  /** What follows `after`, and nothing missing up to the rev `to`, as far as there is room in a page. */
  read(tenant: string, after: number, to: number): Promise<Page> {
    const last = this.#last.get(tenant);
    if (last?.after === after && last.to >= to) return last.page;
    const page = this.#log.changes(tenant, after, PAGE);
    // A tenant whose page is forgotten reads it anew.
    if (this.#last.size >= MAX_PAGES) this.#last.clear();
    this.#last.set(tenant, { after, to, page });
    page.catch(() => this.#last.delete(tenant));
    return page;
  }

  eventOf(change: ChangeRow): Promise<Told | undefined> {
    return this.#log.eventOf(change);
  }
}

export class EventHub {
  readonly #pages: Pages;
  readonly #readers = new Set<Reader>();
  #lastRev: number;
  #wakes = false;
  #closed = false;

  /** `lastRev` is the newest rev of the log at this moment. */
  constructor(log: ChangeLog, lastRev: number) {
    this.#pages = new Pages(log);
    this.#lastRev = lastRev;
  }

  /** False while nobody listens: then events that are not durable need not be made. */
  get heard(): boolean {
    return this.#readers.size > 0;
  }

  /** How many read. */
  get readers(): number {
    return this.#readers.size;
  }

  /** The newest rev that readers know of. */
  get rev(): number {
    return this.#lastRev;
  }

  /** The log goes up to this rev, or further. Every reader looks: revs of all tenants are told as they come, in no order. */
  changed(rev: number): void {
    this.#lastRev = Math.max(this.#lastRev, rev);
    for (const reader of this.#readers) reader.offer(this.#lastRev);
    this.#wakeSoon();
  }

  /** An event in this conversation that is not durable. A token does not wait. */
  publish(event: RuntimeEvent, place: ConversationRow): void {
    for (const reader of this.#readers) {
      if (!covers(reader.scope, place)) continue;
      reader.offer(event);
      if (event.type === "token") reader.wake();
    }
    if (event.type !== "token") this.#wakeSoon();
  }

  /** After what this turn of the event loop still does: who answers a message is asked before others are told of it. */
  #wakeSoon(): void {
    if (this.#wakes || this.#readers.size === 0) return;
    this.#wakes = true;
    setImmediate(() => {
      this.#wakes = false;
      for (const reader of this.#readers) reader.wake();
    });
  }

  read(
    scope: Scope,
    { after = this.#lastRev, signal }: { [Name in keyof EventOptions]: EventOptions[Name] | undefined },
  ) {
    const reader = new Reader(this.#pages, scope, this.#lastRev, after);
    const leave = () => {
      signal?.removeEventListener("abort", leave);
      this.#readers.delete(reader);
      reader.leave();
    };
    if (signal?.aborted) reader.leave();
    else if (this.#closed) reader.end();
    else this.#readers.add(reader);
    signal?.addEventListener("abort", leave);
    return reader.read(leave);
  }

  /** Ends every stream after what it has already been offered. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}

class Reader {
  readonly scope: Scope;
  readonly #pages: Pages;
  /** What comes next: events, and revs up to which the log has to be read before what follows. */
  #buffer: (RuntimeEvent | number)[];
  /** The newest rev that was read. */
  #cursor: number;
  /** The changes right after it, as far as they were read, from this place on. */
  #ahead: readonly ChangeRow[] = [];
  #next = 0;
  /** The same when everything up to there had been taken. */
  #taken: number;
  #missed = 0;
  #state: "open" | "ending" | "left" = "open";
  #wake: (() => void) | undefined;

  constructor(pages: Pages, scope: Scope, lastRev: number, after: number) {
    this.#pages = pages;
    this.scope = scope;
    this.#cursor = Math.min(after, lastRev);
    this.#taken = this.#cursor;
    // A rev that was never given is another database's: its reader knows nothing of this one.
    this.#buffer = [after > lastRev ? { type: "gap", oldest: lastRev } : lastRev];
  }

  /** What comes next, once it is woken. */
  offer(next: RuntimeEvent | number): void {
    const last = this.#buffer.length - 1;
    if (typeof next === "number" && typeof this.#buffer[last] === "number") this.#buffer[last] = next;
    else if (typeof next === "number" || this.#buffer.length < MAX_BUFFERED) this.#buffer.push(next);
    else this.#missed += 1;
    // Whoever keeps up loses nothing, however much happens before it would be woken.
    if (this.#buffer.length >= MAX_BUFFERED / 2) this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  /** Ends after what was offered. */
  end(): void {
    if (this.#state === "open") this.#state = "ending";
    this.#wake?.();
  }

  /** Ends at once. */
  leave(): void {
    this.#state = "left";
    this.#wake?.();
  }

  /** `leave` is called when nobody reads any more. */
  read(leave: () => void): EventStream {
    const events = this.#events(leave);
    const taken = () => this.#taken;
    return {
      get rev() {
        return taken();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => events.next(),
      return: () => {
        // A call of `next` may be waiting for the next event; it ends first.
        leave();
        return events.return(undefined);
      },
    };
  }

  async *#events(leave: () => void): AsyncGenerator<RuntimeEvent, undefined> {
    try {
      while (this.#state !== "left") {
        const next = this.#buffer.shift();
        if (typeof next === "number") yield* this.#readTo(next);
        else if (next !== undefined) yield next;
        else if (this.#missed > 0) yield this.#lagged();
        else if (this.#state === "ending") return;
        else await this.#wait();
      }
    } catch (error) {
      // The store closes right after the streams; what was not read by then can be resumed.
      if (this.#state === "open") throw error;
    } finally {
      leave();
    }
  }

  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#taken = this.#cursor;
    await promise;
  }

  #lagged(): RuntimeEvent {
    const missed = this.#missed;
    this.#missed = 0;
    return { type: "lagged", missed };
  }

  /** Tells what the log holds up to this rev; what it holds beyond comes after the events that were offered before it. */
  async *#readTo(rev: number): AsyncGenerator<RuntimeEvent, undefined> {
    let isWhole = false;
    while (this.#cursor < rev) {
      const row = this.#ahead[this.#next];
      if (row === undefined && !isWhole) {
        const { oldest, rows } = await this.#pages.read(this.scope.tenant, this.#cursor, rev);
        if (this.#cursor + 1 < oldest) yield { type: "gap", oldest };
        isWhole = rows.length < PAGE;
        this.#ahead = rows;
        this.#next = 0;
      } else if (row === undefined || row.rev > rev) {
        this.#cursor = rev;
      } else {
        const told = await this.#pages.eventOf(row);
        if (this.#state === "left") return;
        this.#next += 1;
        this.#cursor = row.rev;
        if (told !== undefined && (told.place === undefined || covers(this.scope, told.place))) yield told.event;
      }
    }
  }
}
