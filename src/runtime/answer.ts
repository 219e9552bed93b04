/** The handle that `send` returns: three views of one outcome. */
import { PersonaError } from "../errors.ts";
import type { Accepted, Answer, Reply } from "../types.ts";

type Ended = { readonly reply: Reply } | { readonly error: PersonaError };

export class PendingAnswer implements Answer {
  readonly accepted: Promise<Accepted>;
  /** Made when somebody wants to have it: most handles are only asked whether the message was accepted. */
  #reply: PromiseWithResolvers<Reply> | undefined;
  #outcome: Ended | undefined;
  #accept!: (accepted: Accepted) => void;
  #refuse!: (error: PersonaError) => void;
  readonly #spoken: string[] = [];
  #isLate = false;
  #isHeard = false;
  #join: (() => Promise<void>) | undefined;
  #wake: (() => void)[] = [];

  constructor() {
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    // Nobody has to look at a handle: what became of the message is recorded anyway. So a refusal
    // that no one awaits must not bring the process down as an unhandled rejection.
    this.accepted.catch(() => {});
  }

  get tokens(): AsyncIterable<string> {
    return { [Symbol.asyncIterator]: () => this.#speak() };
  }

  // biome-ignore lint/suspicious/noThenProperty: the handle is awaited for its reply
  then<Value = Reply, Caught = never>(
    onReply?: ((reply: Reply) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Value | Caught> {
    this.#hear();
    return this.#whole().then(onReply, onError);
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
    this.#end({ reply });
  }

  /** Also refuses the message, if it was not accepted before. */
  reject(error: PersonaError): void {
    this.#refuse(error);
    this.#end({ error });
  }

  #end(outcome: Ended): void {
    this.#outcome ??= outcome;
    this.#tell();
    this.#ring();
  }

  #whole(): Promise<Reply> {
    if (this.#reply === undefined) {
      this.#reply = Promise.withResolvers();
      this.#tell();
    }
    return this.#reply.promise;
  }

  #tell(): void {
    if (this.#outcome === undefined) return;
    if ("reply" in this.#outcome) this.#reply?.resolve(this.#outcome.reply);
    else this.#reply?.reject(this.#outcome.error);
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
      } else if (this.#outcome !== undefined) {
        await this.#whole();
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
