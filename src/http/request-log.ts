import type { FastifyBaseLogger } from "fastify";

type Bindings = Parameters<FastifyBaseLogger["child"]>[0];
type ChildOptions = Parameters<FastifyBaseLogger["child"]>[1];
type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
/** What pino has, and fastify's type of it does not say. */
type Levelled = FastifyBaseLogger & { isLevelEnabled(level: Level): boolean };

/**
 * The log of one request, which is made when it has something to say: pino writes and redacts what a child always says
 * as soon as there is one, and that costs a tenth of a small request of which nothing is logged.
 */
export class RequestLog implements FastifyBaseLogger {
  readonly #parent: Levelled;
  readonly #bindings: Bindings;
  readonly #options: ChildOptions;
  #made: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Bindings, options?: ChildOptions) {
    this.#parent = parent as Levelled;
    this.#bindings = bindings;
    this.#options = options;
  }

  get level(): string {
    return this.#own.level;
  }

  set level(level: string) {
    this.#own.level = level;
  }

  child(bindings: Bindings, options?: ChildOptions): FastifyBaseLogger {
    return this.#own.child(bindings, options);
  }

  trace(...words: unknown[]): void {
    this.#say("trace", words);
  }

  debug(...words: unknown[]): void {
    this.#say("debug", words);
  }

  info(...words: unknown[]): void {
    this.#say("info", words);
  }

  warn(...words: unknown[]): void {
    this.#say("warn", words);
  }

  error(...words: unknown[]): void {
    this.#say("error", words);
  }

  fatal(...words: unknown[]): void {
    this.#say("fatal", words);
  }

  silent(): void {}

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options);
    return this.#made;
  }

  #say(level: Level, words: unknown[]): void {
    // A child may have a level of its own.
    const isOwn = this.#made !== undefined || this.#options?.level !== undefined;
    if (!isOwn && !this.#parent.isLevelEnabled(level)) return;
    (this.#own[level] as (...words: unknown[]) => void)(...words);
  }
}
