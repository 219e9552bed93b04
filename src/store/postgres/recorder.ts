import type { PersonaError } from "../../errors.ts";
import type { Values } from "../columns.ts";
import { type Connection, type Program, type Query, type Statement, statement, type Wait } from "../query.ts";
import { asking, type Entry } from "./batch.ts";
import { postgresError } from "./errors.ts";

/** What a program's statements are sent with, and how its transactions end. */
export interface Wire {
  send(entries: readonly Entry[]): Promise<void>;
  /** What stands at the beginning of each transaction, after BEGIN. */
  opening?(): readonly Entry[];
  /** Sends COMMIT, and resolves when it is known that everything is on the disk. Default: as any statement. */
  commit?(entry: Entry): Promise<void>;
}

/** The connection of programs: it takes down what they run, and sends it when they wait for something. */
export class Recorder implements Connection {
  readonly #wire: Wire;
  #entries: Entry[] = [];
  #inTransaction = false;
  readonly isNear = false;
  written = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  run(statement: Statement, values: Values = []): void {
    this.written += 1;
    this.#entries.push({ statement, values, asks: false });
  }

  check(statement: Statement, values: Values, judge: (changes: number) => void): void {
    this.written += 1;
    this.#entries.push({ statement, values, asks: false, answered: (_rows, changes) => judge(changes) });
  }

  look<Row>(query: Query<Row>, values: Values, judge: (row: Row | undefined) => void): void {
    this.#entries.push(asking(query, values, ([row]) => judge(row)));
  }

  begin(): void {
    this.#inTransaction = true;
    this.run(BEGIN);
    this.#entries.push(...(this.#wire.opening?.() ?? []));
  }

  rollback(): void {
    this.#entries = [];
    if (this.#inTransaction) this.run(ROLLBACK);
    this.#inTransaction = false;
  }

  coded(error: unknown): PersonaError {
    return postgresError(error);
  }

  /**
   * Runs a program from its beginning to its end. What it throws leaves the connection as it was then: nobody should go
   * on with it.
   */
  async execute<Result>(program: Program<Result>): Promise<Result> {
    try {
      let step = program.next();
      while (!step.done) {
        let answer: unknown;
        try {
          answer = await this.#answer(step.value);
        } catch (error) {
          step = program.throw(error);
          continue;
        }
        step = program.next(answer);
      }
      // A ROLLBACK that cannot be sent is not needed.
      await this.#flush().catch(() => {});
      return step.value;
    } finally {
      this.#entries = [];
      this.#inTransaction = false;
    }
  }

  async #answer(wait: Wait): Promise<unknown> {
    if (wait === "committed") return this.#commit();
    let rows: readonly unknown[] | undefined;
    const answered = (given: readonly unknown[]) => {
      rows = given;
    };
    if (wait !== "done") this.#entries.push(asking(wait.query, wait.values, answered));
    await this.#flush();
    return rows;
  }

  async #flush(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length > 0) await this.#wire.send(entries);
  }

  async #commit(): Promise<void> {
    await this.#flush();
    const entry = { statement: COMMIT, values: [], asks: false };
    await (this.#wire.commit === undefined ? this.#wire.send([entry]) : this.#wire.commit(entry));
    this.#inTransaction = false;
  }
}

const BEGIN = statement("BEGIN");
const COMMIT = statement("COMMIT");
const ROLLBACK = statement("ROLLBACK");
