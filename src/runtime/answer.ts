/** The handle that `send` returns: three views of one outcome. */
import { PersonaError } from "../errors.ts";
import type { Accepted, Answer, Reply } from "../types.ts";

export class PendingAnswer implements Answer {
  readonly accepted: Promise<Accepted>;
  readonly tokens: AsyncIterable<string>;
  readonly #reply: Promise<Reply>;
  #accept!: (accepted: Accepted) => void;
  #refuse!: (error: PersonaError) => void;
  #answer!: (reply: Reply) => void;
  #fail!: (error: PersonaError) => void;
  readonly #spoken: string[] = [];
  #isLate = false;
  #over = false;
  #isHeard = false;
  #join: (() => Promise<void>) | undefined;
  #wake: (() => void)[] = [];

  constructor() {
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    this.#reply = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
    // Nobody has to look at a handle: what became of the message is recorded anyway. So an outcome
    // that no one awaits must not bring the process down as an unhandled rejection.
    this.accepted.catch(() => {});
    this.#reply.catch(() => {});
    this.tokens = { [Symbol.asyncIterator]: () => this.#speak() };
  }

  // biome-ignore lint/suspicious/noThenProperty: the handle is awaited for its reply
  then<Value = Reply, Caught = never>(
    onReply?: ((reply: Reply) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Value | Caught> {
    this.#hear();
    return this.#reply.then(onReply, onError);
  }

  accept(accepted: Accepted): void {
    this.#accept(accepted);
  }

  /**
   * It comes too late to hear the reply from its beginning: it hears it whole, at the end. `join` is called once somebody
   * wants to hear it at all: a caller that repeats a message for ever leaves nothing behind that waits.
   */
  hearWhole(join: () => Promise<void>): void {
    this.#isLate = true;
    this.#join = join;
    if (this.#isHeard) this.#hear();
  }

  speak(token: string): void {
    if (this.#isLate) return;
    this.#spoken.push(token);
    this.#ring();
  }

  resolve(reply: Reply): void {
    // A handle that joined late has heard nothing yet.
    if (this.#spoken.length === 0) this.#spoken.push(reply.text);
    this.#over = true;
    this.#answer(reply);
    this.#ring();
  }

  /** Also refuses the message, if it was not accepted before. */
  reject(error: PersonaError): void {
    this.#over = true;
    this.#refuse(error);
    this.#fail(error);
    this.#ring();
  }

  #hear(): void {
    this.#isHeard = true;
    const join = this.#join;
    this.#join = undefined;
    join?.().catch((error: unknown) => this.reject(asPersonaError(error)));
  }

  async *#speak(): AsyncGenerator<string> {
    this.#hear();
    for (let next = 0; ; ) {
      const token = this.#spoken[next];
      if (token !== undefined) {
        next += 1;
        yield token;
      } else if (this.#over) {
        await this.#reply;
        return;
      } else {
        await new Promise<void>((wake) => this.#wake.push(wake));
      }
    }
  }

  #ring(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

export function asPersonaError(error: unknown): PersonaError {
  if (error instanceof PersonaError) return error;
  return new PersonaError("internal", "The message could not be taken in", { cause: error });
}
