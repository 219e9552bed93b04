import type { Socket } from "node:net";
import type { Client, ClientConfig, QueryResultRow } from "pg";
import { after, type Clock } from "../../clock.ts";
import type { ConnectionLost } from "../group-program.ts";
import { Batch, type Entry, type Prepared } from "./batch.ts";
import type { loadDriver } from "./driver.ts";
import { endsConnection, lost, postgresError } from "./errors.ts";
import type { Target } from "./target.ts";

export interface LinkOptions {
  readonly driver: Awaited<ReturnType<typeof loadDriver>>;
  readonly target: Target;
  readonly clock: Clock;
  /** Settings of the server for this connection, such as `statement_timeout`. */
  readonly settings: Readonly<Record<string, string>>;
  /** So long the server may be silent while it is asked something; then the connection is given up. */
  readonly answerMs: number;
}

/** So long a connection may take to be made. */
const CONNECT_MS = 10_000;

/** The driver reads and writes UTF-8, whatever a URL or the server says. */
const ALWAYS = { client_encoding: "UTF8" };

/** One connection to the server. It is never mended: whoever needs another opens another. */
export class Link {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #prepared: Prepared = new Map();
  readonly #ended = Promise.withResolvers<ConnectionLost>();
  #lost: ConnectionLost | undefined;

  /** Throws a coded error: what is wrong with the URL or the server, or `ConnectionLost` if nobody answers. */
  static async open({ driver, target, clock, settings, answerMs }: LinkOptions): Promise<Link> {
    const config: ClientConfig = {
      ...target.connection,
      application_name: "persona-runtime",
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      // What comes later counts.
      options: [
        target.options,
        ...Object.entries({ ...ALWAYS, search_path: `"${target.schema}"`, ...settings }).map(
          ([name, value]) => `-c ${name}=${value}`,
        ),
      ].join(" "),
    };
    const link = new Link(new driver.Client(config), clock, answerMs);
    try {
      await link.#client.connect();
      return link;
    } catch (error) {
      await link.close();
      const coded = postgresError(error);
      throw coded.code === "internal" ? lost(error) : coded;
    }
  }

  private constructor(client: Client, clock: Clock, answerMs: number) {
    this.#client = client;
    this.#answerMs = answerMs;
    this.#clock = clock;
    client.on("error", (error) => this.#end(error));
    client.on("end", () => this.#end(new Error("The connection has ended.")));
  }

  /** The number of the server's process for it. */
  get session(): number {
    return (this.#client as Client & { readonly processID: number }).processID;
  }

  /** Why nothing more can be asked; undefined while it can. */
  get lost(): ConnectionLost | undefined {
    return this.#lost;
  }

  /** Resolves when the connection has ended, however it did. */
  get ended(): Promise<ConnectionLost> {
    return this.#ended.promise;
  }

  /**
   * Runs statements in one round trip. Rejects with what the first one failed with; with `ConnectionLost` if nobody
   * knows, also when no answer comes within `withinMs`.
   */
  async send(entries: readonly Entry[], withinMs = this.#answerMs): Promise<void> {
    const answer = Promise.withResolvers<void>();
    const batch = new Batch(entries, this.#prepared, (failure) => {
      if (failure === undefined) answer.resolve();
      else answer.reject(failure);
    });
    await this.#answered(withinMs, () => {
      this.#client.query(batch);
      return answer.promise;
    });
  }

  /** Runs one or several statements as they are, without values: what makes tables. Gives the rows of the only one. */
  async run<Row extends QueryResultRow>(sql: string, withinMs = this.#answerMs): Promise<readonly Row[]> {
    return (await this.#answered(withinMs, () => this.#client.query<Row>(sql))).rows;
  }

  /** Whether this connection keeps the process alive. */
  keepAlive(keep: boolean): void {
    const socket = this.#client.connection.stream as Socket;
    if (keep) socket.ref();
    else socket.unref();
  }

  /** Says good-bye without waiting for an answer, which a server that hangs would not give. */
  async close(): Promise<void> {
    const ended = this.#client.end().catch(() => {});
    (this.#client.connection.stream as Socket).destroySoon();
    await ended;
  }

  async #answered<T>(withinMs: number, ask: () => Promise<T>): Promise<T> {
    if (this.#lost !== undefined) throw this.#lost;
    const silence = after(this.#clock, withinMs, () => this.#drop(new Error(`No answer within ${withinMs} ms.`)));
    try {
      return await ask();
    } catch (error) {
      throw this.#explained(error);
    } finally {
      silence();
    }
  }

  #explained(error: unknown): unknown {
    if (endsConnection(error)) this.#drop(error as Error);
    // The driver says that the connection has ended with an error that has no code.
    const known = error instanceof Error && "code" in error && "severity" in error;
    return this.#lost !== undefined && !known ? this.#lost : endsConnection(error) ? lost(error) : error;
  }

  #drop(reason: Error): void {
    this.#end(reason);
    this.#client.connection.stream.destroy();
  }

  #end(reason: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = lost(reason);
    this.#ended.resolve(this.#lost);
  }
}
