import type { Connection as Wire } from "pg";
import type { Value, Values } from "../columns.ts";
import type { Query, Statement } from "../query.ts";
import { fromStored, toStored } from "./text.ts";

/** A statement on its way to the server, and who is told what came of it. */
export interface Entry {
  readonly statement: Statement;
  readonly values: Values;
  /** Whether it gives rows. */
  readonly asks: boolean;
  /** Told in the order of the batch; may throw, which is then what the batch fails with. */
  readonly answered?: ((rows: readonly unknown[], changes: number) => void) | undefined;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

/** What one connection has prepared, by the number of the statement. */
export type Prepared = Map<number, { readonly name: string; fields?: readonly Field[] }>;

/**
 * Statements that go to the server together and are answered together: one round trip, however many they are. After
 * one that fails none is run. This is what the driver calls a query of one's own: it hands on what the server says.
 */
export class Batch {
  readonly #entries: readonly Entry[];
  readonly #prepared: Prepared;
  readonly #done: (failure: unknown) => void;
  #next = 0;
  #rows: unknown[] = [];
  #fields: readonly Field[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param done Called once; undefined: everything was run, and nobody has objected. */
  constructor(entries: readonly Entry[], prepared: Prepared, done: (failure: unknown) => void) {
    this.#entries = entries;
    this.#prepared = prepared;
    this.#done = done;
  }

  submit(wire: Wire): void {
    wire.stream.cork();
    for (const { statement, values, asks } of this.#entries) {
      const known = this.#prepared.get(statement.number);
      const name = known?.name ?? `s${statement.number}`;
      if (known === undefined) {
        // Closed first: of a batch that failed nobody knows how much was prepared.
        wire.close({ type: "S", name }, true);
        wire.parse({ name, text: withNumbers(statement), types: [] }, true);
        this.#prepared.set(statement.number, { name });
      }
      wire.bind({ portal: "", statement: name, binary: "", values: values.map(sent) }, true);
      if (asks && known?.fields === undefined) wire.describe({ type: "P", name: "" }, true);
      wire.execute({ portal: "", rows: "" }, true);
    }
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#fields = fields;
    const known = this.#prepared.get(this.#entry().statement.number);
    if (known !== undefined) known.fields = fields;
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    const fields = this.#fields ?? this.#prepared.get(this.#entry().statement.number)?.fields ?? [];
    const row: Record<string, Value> = {};
    for (const [index, { name, dataTypeID }] of fields.entries()) row[name] = received(values[index], dataTypeID);
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const rows = this.#rows;
    const { answered } = this.#entry();
    this.#next += 1;
    this.#rows = [];
    this.#fields = undefined;
    if (answered === undefined || this.#failure !== undefined) return;
    try {
      answered(rows, Number(text.slice(text.lastIndexOf(" ") + 1)) || 0);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** After the last answer of the server, unless it has failed. */
  handleReadyForQuery(): void {
    this.#done(this.#failure?.error);
  }

  handleError(error: unknown): void {
    for (const { statement } of this.#entries.slice(this.#next)) this.#prepared.delete(statement.number);
    this.#done(this.#failure === undefined ? error : this.#failure.error);
  }

  #entry(): Entry {
    return this.#entries[this.#next] as Entry;
  }
}

/** How an entry asks for the rows of a query. */
export function asking<Row>(query: Query<Row>, values: Values, answered: (rows: readonly Row[]) => void): Entry {
  return { statement: query, values, asks: true, answered: (rows) => answered(rows as readonly Row[]) };
}

export function sent(value: Value): string | Buffer | null {
  if (typeof value === "string") return toStored(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value === null ? null : String(value);
}

const TYPES = { int8: 20, int4: 23, float8: 701 } as const;
const NUMBERS: ReadonlySet<number> = new Set(Object.values(TYPES));
const BYTEA = 17;

/** Integers are below 2^53 by the store's contract. */
function received(value: string | null | undefined, type: number): Value {
  if (value === null || value === undefined) return null;
  if (type === BYTEA) return Buffer.from(value.slice("\\x".length), "hex");
  return NUMBERS.has(type) ? Number(value) : fromStored(value);
}

const numbered: string[] = [];

/** The statement with `$1`, `$2`… in place of each `?`; none of ours has one in a text. */
export function withNumbers({ sql, number }: Statement): string {
  let place = 0;
  numbered[number] ??= sql.replaceAll("?", () => {
    place += 1;
    return `$${place}`;
  });
  return numbered[number];
}
