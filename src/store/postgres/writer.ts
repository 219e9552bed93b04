import { after, type Clock } from "../../clock.ts";
import { PersonaError } from "../../errors.ts";
import { CommitQueue, type CommitQueueOptions, type Writer } from "../commit-queue.ts";
import { type Call, ConnectionLost, failed, GroupProgram } from "../group-program.ts";
import { type LedgerOptions, openLedger } from "../ledger.ts";
import { statement } from "../query.ts";
import type { Entry } from "./batch.ts";
import { postgresError } from "./errors.ts";
import type { Link } from "./link.ts";
import { OwnedLink } from "./owned-link.ts";
import { Recorder } from "./recorder.ts";
import { NUMBER_GROUP, standing } from "./schema.ts";

export interface PostgresWriterOptions extends LedgerOptions, CommitQueueOptions {
  readonly clock: Clock;
  readonly schema: string;
  /** Makes a connection. */
  readonly open: () => Promise<Link>;
  /** So long commands wait for a server that is away; then they fail, until it is back. */
  readonly patienceMs: number;
}

/**
 * Commits groups on a connection of its own. A group whose connection is lost is run again on the next one, unless that
 * finds it committed: groups have numbers, and the last one stands in the database.
 */
export class PostgresWriter implements Writer {
  readonly queue: CommitQueue;
  readonly #options: PostgresWriterOptions;
  readonly #owned: OwnedLink;
  readonly #recorder: Recorder;
  #program: GroupProgram | undefined;
  /** The number of the last group that is known to be committed. */
  #committed: number;
  #working: Promise<void> = Promise.resolve();
  /** While the server is away: rejects when commands have waited long enough for it. */
  #patience: { readonly over: Promise<never>; readonly end: () => void } | undefined;

  /** @param link Has the lock, and the schema is prepared for this owner. Resolves when it has written. */
  static async start(link: Link, options: PostgresWriterOptions): Promise<PostgresWriter> {
    const { committed } = await standing(link);
    const writer = new PostgresWriter(link, committed, options);
    try {
      const ledger = await writer.#recorder.execute(openLedger(writer.#recorder, options));
      writer.#program = new GroupProgram(writer.#recorder, ledger);
      await writer.queue.call("probe", []);
      return writer;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  private constructor(link: Link, committed: number, options: PostgresWriterOptions) {
    this.#options = options;
    this.#committed = committed;
    this.queue = new CommitQueue(this, options);
    this.#owned = new OwnedLink(link, committed, {
      ...options,
      onLost: (reason) => this.#lost(reason),
      onBack: () => {
        this.#patience?.end();
        this.queue.resume();
      },
    });
    this.#recorder = new Recorder({
      send: (entries) => this.#owned.link.send(entries),
      opening: () => [{ statement: NUMBER, values: [this.#committed + 1], asks: false }],
      commit: (entry) => this.#commit(entry),
    });
  }

  commit(lastKey: number, group: readonly Call[]): void {
    this.#working = this.#working.then(() => this.#run(lastKey, group));
  }

  busy(isBusy: boolean): void {
    this.#owned.keepAlive(isBusy);
  }

  /** Ends the connection, and with it the ownership. What is still on its way fails. */
  async close(): Promise<void> {
    this.#patience?.end();
    this.queue.fail(new PersonaError("store_unavailable", "The store was closed before the database was back."));
    await this.#owned.close();
    await this.#working;
  }

  async #run(lastKey: number, group: readonly Call[]): Promise<void> {
    while (this.queue.failure === undefined && this.#program !== undefined) {
      try {
        await Promise.race([this.#owned.back(), ...(this.#patience === undefined ? [] : [this.#patience.over])]);
        return this.queue.answered(await this.#recorder.execute(this.#program.run(lastKey, group)));
      } catch (error) {
        if (error instanceof OutOfPatience) return this.queue.answered(failed(group, error, this.queue.rev));
        // Nobody knows in what state an error that was not expected has left the connection.
        if (!(error instanceof ConnectionLost)) this.queue.fail(postgresError(error));
      }
    }
  }

  async #commit(entry: Entry): Promise<void> {
    const number = this.#committed + 1;
    try {
      await this.#owned.link.send([entry]);
      this.#committed = number;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      // The answer is lost, maybe not the commit. It waits however long it takes to know: nobody may hear that it failed.
      await this.#owned.back();
      this.#committed = this.#owned.committed;
      if (this.#committed !== number) throw error;
    }
  }

  #lost(reason: PersonaError): void {
    const { clock, patienceMs } = this.#options;
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => {});
    const giveUp = () => {
      const failure = new OutOfPatience(reason.code, reason.message, { cause: reason.cause });
      this.queue.suspend(failure);
      over.reject(failure);
    };
    // While somebody waits for it, the pauses between attempts keep the process alive.
    const cancel = after(clock, patienceMs, giveUp, { mayEnd: true });
    const end = () => {
      cancel();
      this.#patience = undefined;
    };
    this.#patience?.end();
    this.#patience = { over: over.promise, end };
  }
}

class OutOfPatience extends PersonaError {}

const NUMBER = statement(NUMBER_GROUP);
