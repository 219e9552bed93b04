import { type ErrorCode, PersonaError } from "../errors.ts";
import { Commands } from "./commands.ts";
import type { Ledger } from "./ledger.ts";
import { type Connection, isProgram, type Program, statement } from "./query.ts";
import { Refused } from "./refused.ts";

export type CommandName = keyof Commands;

/** A command on its way to the writer: its name, then its arguments. */
export type Call = readonly [name: CommandName, ...args: unknown[]];

/** What a command answers when it is done. */
export type Answer<Name extends CommandName> = Done<ReturnType<Commands[Name]>>;
type Done<Result> = Result extends Program<infer Answer> ? Answer : Result;

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

/** A connection that is gone: nobody knows what has become of the transaction, and nothing more can be run. */
export class ConnectionLost extends PersonaError {}

/**
 * Runs a group of commands in one transaction: a command that fails takes only itself back, a storage
 * that fails takes the whole group back, and nothing is ever half-written.
 */
export class GroupProgram {
  readonly #connection: Connection;
  readonly #ledger: Ledger;
  readonly #commands: Commands;

  constructor(connection: Connection, ledger: Ledger) {
    this.#connection = connection;
    this.#ledger = ledger;
    this.#commands = new Commands(connection, ledger);
  }

  /** @param lastKey The greatest key that was allocated so far, kept so that none is given twice. */
  *run(lastKey: number, group: readonly Call[]): Program<GroupResult> {
    try {
      try {
        return yield* this.#transaction(lastKey, this.#together(group));
      } catch (error) {
        if (this.#storageFailure(error)) throw error;
        // One command failed or came late. Which one shows when parts of the group run in savepoints of their own;
        // only then, because savepoints for all commands cost a fifth of the whole.
        return yield* this.#transaction(lastKey, this.#inParts(group));
      }
    } catch (error) {
      if (error instanceof ConnectionLost) throw error;
      return failed(group, this.#connection.coded(error), this.#ledger.rev);
    }
  }

  *#transaction(lastKey: number, commands: Program<Omit<GroupResult, "rev">>): Program<GroupResult> {
    const before = this.#ledger.save();
    try {
      this.#connection.begin();
      const result = yield* commands;
      this.#ledger.write(lastKey);
      yield "done";
      yield "committed";
      this.#ledger.committed();
      return { ...result, rev: this.#ledger.rev };
    } catch (error) {
      this.#connection.rollback();
      this.#ledger.restore(before);
      throw error;
    }
  }

  *#together(group: readonly Call[]): Program<Omit<GroupResult, "rev">> {
    const results: unknown[] = [];
    for (const call of group) {
      const before = this.#connection.written;
      try {
        const answer = this.#execute(call);
        results.push(isProgram(answer) ? yield* answer : answer);
      } catch (error) {
        // Who refuses before anything is written leaves nothing to take back.
        if (!(error instanceof Refused) || this.#connection.written !== before) throw error;
        results.push(error.result);
      }
    }
    return { results, failures: new Map() };
  }

  *#inParts(group: readonly Call[]): Program<Omit<GroupResult, "rev">> {
    const results: unknown[] = [];
    const failures = new Map<number, Failure>();
    // Where each answer takes a journey, the one that fails is looked for by halves.
    const size = this.#connection.isNear ? 1 : Math.ceil(group.length / 2);
    for (let start = 0; start < group.length; start += size) {
      const part = yield* this.#part(group.slice(start, start + size));
      for (const [index, failure] of part.failures) failures.set(start + index, failure);
      results.push(...part.results);
    }
    return { results, failures };
  }

  *#part(group: readonly Call[]): Program<Omit<GroupResult, "rev">> {
    const saved = this.#ledger.save();
    this.#connection.run(SAVE);
    try {
      const result = yield* this.#together(group);
      yield "done";
      this.#connection.run(RELEASE);
      return result;
    } catch (error) {
      if (this.#storageFailure(error)) throw error;
      this.#connection.run(UNDO);
      this.#connection.run(RELEASE);
      this.#ledger.restore(saved);
      if (group.length > 1) return yield* this.#inParts(group);
      if (error instanceof Refused) return { results: [error.result], failures: new Map() };
      return { results: [undefined], failures: new Map([[0, asFailure(this.#connection.coded(error))]]) };
    }
  }

  #execute([name, ...args]: Call): unknown {
    const command = this.#commands[name] as (...args: unknown[]) => unknown;
    return command.apply(this.#commands, args);
  }

  /** Whether the storage failed, not the command. */
  #storageFailure(error: unknown): boolean {
    return !(error instanceof Refused) && this.#connection.coded(error).code.startsWith("store_");
  }
}

/** The result of a group of which nothing was written, for one reason. */
export function failed(group: readonly Call[], error: PersonaError, rev: number): GroupResult {
  const failure = asFailure(error);
  return { results: [], failures: new Map(group.map((_, index) => [index, failure])), rev };
}

function asFailure({ code, message, cause }: PersonaError): Failure {
  return { code, message, cause: cause instanceof Error ? (cause.stack ?? cause.message) : undefined };
}

const SAVE = statement("SAVEPOINT command");
const RELEASE = statement("RELEASE SAVEPOINT command");
const UNDO = statement("ROLLBACK TO SAVEPOINT command");
