/** Who answers for a persona: its own function, a provider of models, the function for all, or the rehearsal. */
import type { Budgets } from "../cognition/budgets/budgets.ts";
import { rehearsal } from "../cognition/rehearsal.ts";
import { PersonaError } from "../errors.ts";
import type { Budget, Cognition, EnrollmentStatus, Providers } from "../types.ts";

export interface Mind {
  readonly cognition: Cognition;
  readonly cognitionKind: EnrollmentStatus["cognition"];
}

export class Minds {
  readonly #standIn: Cognition | undefined;
  readonly #providers: Providers | undefined;
  readonly #budgets: Budgets;

  /** `providers`, then `cognition` answer for personas without a function of their own; default the rehearsal. */
  constructor(options: { cognition: Cognition | undefined; providers: Providers | undefined; budgets: Budgets }) {
    this.#standIn = options.cognition;
    this.#providers = options.providers;
    this.#budgets = options.budgets;
  }

  /** Of a persona with this model. `hasFunction`: it had one when it was enrolled. */
  of(model: string | undefined, hasFunction: boolean, own: Cognition | undefined): Mind {
    if (own !== undefined) return { cognition: own, cognitionKind: "function" };
    if (hasFunction) return { cognition: rehearsal, cognitionKind: "absent" };
    try {
      return this.forModel(model);
    } catch {
      // It was enrolled when there were other providers: what it is sent waits until that one is configured again.
      return { cognition: rehearsal, cognitionKind: "absent" };
    }
  }

  /** For a model, or without one for the default. Throws `provider_unknown`. */
  forModel(model: string | undefined): Mind {
    const cognition = this.#providers?.cognition(model);
    if (cognition !== undefined) return { cognition, cognitionKind: "provider" };
    if (this.#standIn !== undefined) return { cognition: this.#standIn, cognitionKind: "function" };
    return { cognition: rehearsal, cognitionKind: "rehearsal" };
  }

  /** Of the models that may answer: the named or the default one, and those that stand in. Throws `price_unknown`. */
  assertPriced(what: string, model: string | undefined, { cognition }: Mind, budget: Budget | null): void {
    try {
      for (const name of [model, ...(cognition.models ?? [])]) this.#budgets.assertPriced(name, budget);
    } catch (cause) {
      if (!(cause instanceof PersonaError)) throw cause;
      throw new PersonaError(cause.code, `${what}. ${cause.message}`, { cause });
    }
  }
}
