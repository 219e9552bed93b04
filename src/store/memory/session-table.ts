import type { SequenceStepRow, SessionChange, SessionOpening, SessionRow } from "../port.ts";
import type { ChangeLog } from "./change-log.ts";
import { keyTaken } from "./key-taken.ts";
import { takeSurplus } from "./take-surplus.ts";

/** What sessions follow, in memory, and what happened to their steps. */
export class SessionTable {
  readonly #log: ChangeLog;
  /** By conversation. */
  readonly #rows = new Map<number, SessionRow>();
  readonly #steps = new Map<number, SequenceStepRow>();

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  find(conversation: number): SessionRow | undefined {
    return this.#rows.get(conversation);
  }

  step(key: number): SequenceStepRow | undefined {
    return this.#steps.get(key);
  }

  /** Whether the change was made for what is here. */
  isCurrent({ conversation, expected }: SessionChange): boolean {
    return this.#rows.get(conversation)?.version === expected;
  }

  assertNewSteps(steps: readonly SequenceStepRow[]): void {
    for (const { key } of steps) if (this.#steps.has(key)) throw keyTaken();
  }

  /** Gives the revs of the steps. */
  open({ session, steps }: SessionOpening): readonly number[] {
    this.#rows.set(session.conversation, session);
    return this.#putSteps(steps);
  }

  /** Makes a change that is current; gives the revs of its steps. */
  change({ conversation, expected, snapshot, progress, steps, at }: SessionChange): readonly number[] {
    const row = this.#rows.get(conversation) as SessionRow;
    const changed = { snapshot: snapshot ?? row.snapshot, progress, version: expected + 1, updatedAt: at };
    this.#rows.set(conversation, { conversation, ...changed });
    return this.#putSteps(steps);
  }

  /** All steps but about the newest `max`. */
  forget(max: number): void {
    takeSurplus(this.#steps, max);
  }

  #putSteps(steps: readonly SequenceStepRow[]): readonly number[] {
    return steps.map((step) => {
      this.#steps.set(step.key, step);
      return this.#log.stamp("sequence_step", step.tenant, step.key);
    });
  }
}
