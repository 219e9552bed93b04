import type BetterSqlite3 from "better-sqlite3";
import { type ErrorCode, PersonaError } from "../errors.ts";
import { Commands, Refused } from "./commands.ts";
import { Ledger } from "./ledger.ts";
import { storeError } from "./sqlite-errors.ts";

export type CommandName = keyof Commands;

/** A command on its way to the writer: its name, then its arguments. */
export type Call = readonly [name: CommandName, ...args: unknown[]];

/** An error that can cross threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The driver's own words. */
  readonly cause: string | undefined;
}

export interface GroupResult {
  /** One for each command, in order. */
  readonly results: readonly unknown[];
  /** What the results of those that failed are replaced by, by index. */
  readonly failures: ReadonlyMap<number, Failure>;
  /** The newest rev of the change log. */
  readonly rev: number;
}

/**
 * Runs a group of commands in one transaction: a command that fails takes only itself back, a storage
 * that fails takes the whole group back, and nothing is ever half-written.
 */
export class GroupCommit {
  readonly #database: BetterSqlite3.Database;
  readonly #ledger: Ledger;
  readonly #commands: Commands;
  readonly #statements: Record<"begin" | "commit" | "rollback" | "save" | "release" | "undo", BetterSqlite3.Statement>;

  constructor(database: BetterSqlite3.Database, options: { readonly epoch: number; readonly keepChanges: number }) {
    this.#database = database;
    this.#ledger = new Ledger(database, options);
    this.#commands = new Commands(database, this.#ledger);
    this.#statements = {
      begin: database.prepare("BEGIN IMMEDIATE"),
      commit: database.prepare("COMMIT"),
      rollback: database.prepare("ROLLBACK"),
      save: database.prepare("SAVEPOINT command"),
      release: database.prepare("RELEASE command"),
      undo: database.prepare("ROLLBACK TO command"),
    };
  }

  /** @param lastKey The greatest key that was allocated so far, kept so that none is given twice. */
  run(lastKey: number, group: readonly Call[]): GroupResult {
    try {
      try {
        return this.#transaction(lastKey, () => this.#together(group));
      } catch (error) {
        if (storageFailure(error)) throw error;
        // One command failed or came late. Which one shows when each runs in a savepoint of its own;
        // only then, because savepoints for all commands cost a fifth of the whole.
        return this.#transaction(lastKey, () => this.#oneByOne(group));
      }
    } catch (error) {
      const failure = asFailure(storeError(error));
      return { results: [], failures: new Map(group.map((_, index) => [index, failure])), rev: this.#ledger.rev };
    }
  }

  #transaction(lastKey: number, commands: () => Omit<GroupResult, "rev">): GroupResult {
    const before = this.#ledger.save();
    try {
      this.#statements.begin.run();
      const result = commands();
      if (!this.#ledger.write(lastKey)) {
        throw new PersonaError("store_fenced", "Another process took this database over; end this one.");
      }
      this.#statements.commit.run();
      this.#ledger.committed();
      return { ...result, rev: this.#ledger.rev };
    } catch (error) {
      // Some storage errors have rolled back already.
      if (this.#database.inTransaction) this.#statements.rollback.run();
      this.#ledger.restore(before);
      throw error;
    }
  }

  #together(group: readonly Call[]): Omit<GroupResult, "rev"> {
    return { results: group.map((call) => this.#execute(call)), failures: new Map() };
  }

  #oneByOne(group: readonly Call[]): Omit<GroupResult, "rev"> {
    const results: unknown[] = [];
    const failures = new Map<number, Failure>();
    for (const call of group) {
      const saved = this.#ledger.save();
      this.#statements.save.run();
      try {
        results.push(this.#execute(call));
      } catch (error) {
        if (storageFailure(error)) throw error;
        this.#statements.undo.run();
        this.#ledger.restore(saved);
        if (!(error instanceof Refused)) failures.set(results.length, asFailure(storeError(error)));
        results.push(error instanceof Refused ? error.result : undefined);
      }
      this.#statements.release.run();
    }
    return { results, failures };
  }

  #execute([name, ...args]: Call): unknown {
    const command = this.#commands[name] as (...args: unknown[]) => unknown;
    return command.apply(this.#commands, args);
  }
}

/** Whether the storage failed, not the command. */
function storageFailure(error: unknown): boolean {
  return !(error instanceof Refused) && storeError(error).code.startsWith("store_");
}

function asFailure({ code, message, cause }: PersonaError): Failure {
  return { code, message, cause: cause instanceof Error ? (cause.stack ?? cause.message) : undefined };
}
