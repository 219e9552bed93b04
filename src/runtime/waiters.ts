/** Who waits in this process for what becomes of an item. */
import type { PersonaError } from "../errors.ts";
import type { PendingAnswer } from "./answer.ts";

export class Waiters {
  readonly #byItem = new Map<number, Set<PendingAnswer>>();

  add(item: number, answer: PendingAnswer): void {
    const present = this.#byItem.get(item);
    if (present === undefined) this.#byItem.set(item, new Set([answer]));
    else present.add(answer);
  }

  remove(item: number, answer: PendingAnswer): void {
    const present = this.#byItem.get(item);
    present?.delete(answer);
    if (present?.size === 0) this.#byItem.delete(item);
  }

  of(item: number): Iterable<PendingAnswer> {
    return this.#byItem.get(item) ?? [];
  }

  /** Those of a decided item, who wait no longer. */
  take(item: number): Iterable<PendingAnswer> {
    const present = this.#byItem.get(item);
    this.#byItem.delete(item);
    return present ?? [];
  }

  rejectAll(error: PersonaError): void {
    for (const answers of this.#byItem.values()) for (const answer of answers) answer.reject(error);
    this.#byItem.clear();
  }
}
