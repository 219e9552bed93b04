import { after, type Clock } from "../../clock.ts";
import type { PersonaError } from "../../errors.ts";
import type { Values } from "../columns.ts";
import { ConnectionLost } from "../group-program.ts";
import type { Query, Source } from "../query.ts";
import { asking, type Entry } from "./batch.ts";
import type { Link } from "./link.ts";

export interface ReadingOptions {
  readonly clock: Clock;
  /** Makes a connection that cannot write. */
  readonly open: () => Promise<Link>;
  /** So long a read waits for a server that is away. */
  readonly patienceMs: number;
}

/** Connections for reading; each is made when it is first needed. */
const LANES = 4;
/** Reads in one round trip; more would only make the first of them wait. */
const TOGETHER = 64;
const PAUSE_MS = 100;

interface Read {
  readonly entries: readonly Entry[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Reads on a few connections: each takes what has come together while it was asking. */
export class Reading implements Source {
  readonly #lanes: readonly Lane[];

  constructor(options: ReadingOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(options));
  }

  async all<Row>(query: Query<Row>, values: Values = []): Promise<readonly Row[]> {
    return (await this.each(query, [values]))[0] ?? [];
  }

  async each<Row>(query: Query<Row>, lists: readonly Values[]): Promise<readonly (readonly Row[])[]> {
    const found: (readonly Row[])[] = [];
    const entries = lists.map((values, index) =>
      asking(query, values, (rows) => {
        found[index] = rows;
      }),
    );
    const lane = this.#lanes.reduce((best, other) => (other.load < best.load ? other : best));
    if (entries.length > 0) await lane.read(entries);
    return found;
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

class Lane {
  readonly #options: ReadingOptions;
  readonly #queue: Read[] = [];
  #link: Link | undefined;
  #working: Promise<void> | undefined;
  #closed = false;
  #wake: (() => void) | undefined;
  #asking = 0;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** How many reads wait or are being answered. */
  get load(): number {
    return this.#queue.length + this.#asking;
  }

  read(entries: readonly Entry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ entries, resolve, reject });
      this.#working ??= this.#work().finally(() => {
        this.#working = undefined;
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#link?.close();
    await this.#working;
    await this.#link?.close();
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      const reads = this.#queue.splice(0, TOGETHER);
      this.#asking = reads.length;
      await this.#answer(reads);
      this.#asking = 0;
    }
    this.#link?.keepAlive(false);
  }

  async #answer(reads: readonly Read[]): Promise<void> {
    try {
      await this.#ask(reads.flatMap(({ entries }) => entries));
      for (const { resolve } of reads) resolve();
    } catch (error) {
      const [read, ...others] = reads;
      if (others.length === 0 || error instanceof ConnectionLost) for (const { reject } of reads) reject(error);
      // One of them is at fault, and the others are answered without it.
      else for (const one of [read as Read, ...others]) await this.#answer([one]);
    }
  }

  /** Reads change nothing, so they are asked again when the connection was lost. */
  async #ask(entries: readonly Entry[]): Promise<void> {
    const { clock, open, patienceMs } = this.#options;
    const until = clock.now() + patienceMs;
    for (;;) {
      try {
        if (this.#link === undefined || this.#link.lost !== undefined) this.#link = await open().catch(away);
        this.#link.keepAlive(true);
        return await this.#link.send(entries);
      } catch (error) {
        if (!(error instanceof ConnectionLost) || this.#closed || clock.now() >= until) throw error;
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = after(clock, PAUSE_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Whatever kept it from being made, it may be gone the next time. */
function away(error: PersonaError): never {
  throw new ConnectionLost(error.code, error.message, { cause: error.cause });
}
