/**
 * Asks whether the exit criteria of a step are met, after each turn in it that was answered and outside of it. The next
 * turn does not wait for that: if it begins before the verdict is there, it begins in the old step. One question of a
 * session runs at a time; what was answered meanwhile makes for one more.
 */
import type { ExitJudge } from "../catalogue/exit-judge.ts";
import { after, type Clock } from "../clock.ts";
import type { Expenses } from "../cognition/budgets/expenses.ts";
import { PersonaError } from "../errors.ts";
import type { ConversationRow, Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import { payerFor } from "./conversations.ts";
import type { Personas } from "./personas.ts";
import type { Followed } from "./session-rows.ts";
import type { Sessions } from "./sessions.ts";
import { turnMessage } from "./views.ts";

const TIMEOUT_MS = 30_000;
/** Questions at once, of all sessions; others wait. */
const MAX_QUESTIONS = 16;
/** Newest messages that a judge is given. */
const MAX_MESSAGES = 50;

interface Question {
  readonly place: ConversationRow;
  /** Answered again since it was asked. */
  isStale: boolean;
}

export class ExitJudging {
  readonly #judge: ExitJudge;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #expenses: Expenses;
  readonly #personas: Pick<Personas, "byKey">;
  readonly #sessions: Pick<Sessions, "of" | "judged">;
  readonly #warn: (warning: PersonaWarning) => void;
  /** By conversation: asked, or waiting for their turn. */
  readonly #questions = new Map<number, Question>();
  readonly #waiting: Question[] = [];
  #running = 0;
  readonly #closed = new AbortController();

  constructor(options: {
    judge: ExitJudge;
    store: Store;
    clock: Clock;
    expenses: Expenses;
    personas: Pick<Personas, "byKey">;
    sessions: Pick<Sessions, "of" | "judged">;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#judge = options.judge;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#expenses = options.expenses;
    this.#personas = options.personas;
    this.#sessions = options.sessions;
    this.#warn = options.warn;
  }

  /** A turn was answered in this session. */
  consider(place: ConversationRow, followed: Followed): void {
    if (criteriaOf(followed) === undefined || this.#closed.signal.aborted) return;
    const present = this.#questions.get(place.key);
    if (present !== undefined) {
      present.isStale = true;
      return;
    }
    const question = { place, isStale: true };
    this.#questions.set(place.key, question);
    this.#waiting.push(question);
    this.#next();
  }

  /** Nobody is asked any more, and nobody waited for. */
  close(): void {
    this.#closed.abort(new PersonaError("runtime_closed", "The runtime is closing"));
    this.#waiting.length = 0;
  }

  #next(): void {
    while (this.#running < MAX_QUESTIONS) {
      const question = this.#waiting.shift();
      if (question === undefined) return;
      this.#running += 1;
      void this.#settle(question);
    }
  }

  /** Asks until nothing was answered meanwhile. */
  async #settle(question: Question): Promise<void> {
    const { place } = question;
    try {
      while (question.isStale && !this.#closed.signal.aborted) {
        question.isStale = false;
        await this.#ask(place);
      }
    } catch (cause) {
      if (!this.#closed.signal.aborted) {
        this.#warn({ code: "judge_failed", message: "The exit criteria of a step could not be judged", cause });
      }
    } finally {
      this.#questions.delete(place.key);
      this.#running -= 1;
      this.#next();
    }
  }

  async #ask(place: ConversationRow): Promise<void> {
    const followed = await this.#sessions.of(place.key);
    const step = followed && criteriaOf(followed);
    const persona = this.#personas.byKey(place.persona ?? 0);
    if (followed === undefined || step === undefined || persona === undefined) return;
    const messages = (await this.#store.recent(place.key, MAX_MESSAGES)).map((row) =>
      turnMessage(row, this.#store.salt),
    );
    const late = new AbortController();
    const signal = AbortSignal.any([this.#closed.signal, late.signal]);
    const cancel = after(this.#clock, TIMEOUT_MS, () =>
      late.abort(new PersonaError("judge_timeout", `The judge did not answer within ${TIMEOUT_MS / 1000} s`)),
    );
    const over = Promise.withResolvers<never>();
    const stop = () => over.reject(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      signal.throwIfAborted();
      await this.#expenses.pay(payerFor(persona, place), signal, async (purse) => {
        const reserve: typeof purse.reserve = (call) => purse.reserve(call);
        const judged = this.#judge({ session: followed.resolved, step, messages, signal, reserve });
        const given = await Promise.race([judged, over.promise]);
        await this.#sessions.judged(place, { step: step.id, ...checked(given) });
      });
    } finally {
      cancel();
      // A signal that somebody listens to lives as long as those that it follows.
      signal.removeEventListener("abort", stop);
    }
  }
}

/** The step whose exit criteria wait for a verdict. */
function criteriaOf({ resolved, progress }: Followed): Followed["resolved"]["current_step"] {
  if (resolved.step_exit_criteria === undefined || progress?.status !== "running") return undefined;
  const { verdict } = progress;
  const isMet = verdict?.met && verdict.step_id === resolved.step_id;
  return isMet ? undefined : resolved.current_step;
}

/** A judge is anybody's code. */
function checked(given: unknown): { readonly met: boolean; readonly reason: string } {
  const { met, reason } = (given ?? {}) as Record<string, unknown>;
  if (typeof met === "boolean" && typeof reason === "string") return { met, reason };
  throw new PersonaError("judge_invalid", "The judge must give { met: true or false, reason: a text }");
}
