import { PersonaError } from "../errors.ts";
import { dense } from "./columns.ts";
import type { Commands } from "./commands.ts";
import type { Answer, Call, CommandName, Failure, GroupResult } from "./group-program.ts";
import type { Commits, ItemRow } from "./port.ts";

/** Commands per commit; more would only make the first of them wait. */
const GROUP = 256;
/** Groups on their way while full ones are waiting: the writer finds the next without waiting for us. */
const AHEAD = 2;

interface Pending {
  readonly call: Call;
  /** What the feed hears of once the command has written it. */
  readonly items: readonly ItemRow[];
  readonly resolve: (result: never) => void;
  readonly reject: (error: PersonaError) => void;
}

/** Who commits groups, one after the other in the order in which they come. */
export interface Writer {
  /** Calls `answered` of its queue when the group is committed or has failed. */
  commit(lastKey: number, group: readonly Call[]): void;
  /** A group is on its way now, and the process must live; or none is any more. */
  busy(isBusy: boolean): void;
}

export interface CommitQueueOptions {
  /** The greatest key allocated so far; it goes with each group. */
  readonly lastKey: () => number;
  /** Told of the items of each commit, in order, before the promises of that commit settle. */
  readonly deliver: (items: readonly ItemRow[]) => void;
}

/**
 * Commands queue up while a group is being committed and leave together when the writer is idle again, so one flush of
 * the disk serves all who wait for it.
 */
export class CommitQueue {
  readonly #writer: Writer;
  readonly #options: CommitQueueOptions;
  readonly #queue: Pending[] = [];
  readonly #inFlight: { readonly group: readonly Pending[]; readonly sentAt: number }[] = [];
  readonly #commits = { count: 0, commands: 0, ms: 0 };
  #held = false;
  #whenHeld: (() => void) | undefined;
  #failure: PersonaError | undefined;
  #suspended: PersonaError | undefined;
  #rev = 0;

  constructor(writer: Writer, options: CommitQueueOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  /** The newest rev that is on the disk. */
  get rev(): number {
    return this.#rev;
  }

  get commits(): Commits {
    return this.#commits;
  }

  /** Why nothing more is written; undefined while it is. */
  get failure(): PersonaError | undefined {
    return this.#failure;
  }

  call<Name extends CommandName>(
    name: Name,
    args: Parameters<Commands[Name]>,
    items: readonly ItemRow[] = [],
  ): Promise<Answer<Name>> {
    const refusal = this.#failure ?? this.#suspended;
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#queue.push({ call: [name, ...args], items, resolve, reject });
      // What else is called before this turn of the event loop ends travels with it.
      if (this.#queue.length === 1) queueMicrotask(() => this.#send());
    });
  }

  /** Resolves when nothing is being written; further commands wait for `release`. */
  hold(): Promise<void> {
    this.#held = true;
    if (this.#inFlight.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenHeld = resolve;
    });
  }

  release(): void {
    this.#held = false;
    this.#send();
  }

  /** Resolves when everything that was called is answered. */
  async drain(): Promise<void> {
    // Each earlier write is answered before this one, whose own success nobody depends on.
    await Promise.allSettled([this.call("probe", [])]);
  }

  /** What has become of the oldest group that is on its way. */
  answered({ results, failures, rev }: GroupResult): void {
    const { group, sentAt } = this.#inFlight.shift() ?? { group: [], sentAt: performance.now() };
    this.#rev = rev;
    this.#commits.count += 1;
    this.#commits.commands += group.length;
    this.#commits.ms += performance.now() - sentAt;
    // The writer works on while its last answer is being read.
    this.#send();
    if (this.#inFlight.length === 0) this.#nothingInFlight();
    const written = group.filter((_, index) => hasWritten(results[index]));
    this.#options.deliver(written.flatMap(({ items }) => items));
    for (const [index, { resolve, reject }] of group.entries()) {
      const failure = failures.get(index);
      if (failure === undefined) resolve(results[index] as never);
      else reject(asError(failure));
    }
  }

  /** Rejects what waits, and whatever is called before `resume`: the database is away for too long. */
  suspend(reason: PersonaError): void {
    this.#suspended = reason;
    for (const { reject } of this.#queue.splice(0)) reject(reason);
  }

  resume(): void {
    this.#suspended = undefined;
  }

  /** Rejects what is on its way or waits, and whatever is called from now on. The first failure counts. */
  fail(failure: PersonaError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const { reject } of [...this.#inFlight.splice(0).flatMap(({ group }) => group), ...this.#queue.splice(0)])
      reject(failure);
    this.#nothingInFlight();
  }

  #send(): void {
    while (!this.#held && this.#queue.length > 0 && this.#inFlight.length < this.#groupsAllowed()) {
      const group = this.#queue.splice(0, GROUP);
      this.#inFlight.push({ group, sentAt: performance.now() });
      this.#writer.busy(true);
      this.#writer.commit(
        this.#options.lastKey(),
        dense(group, ({ call }) => call),
      );
    }
  }

  #groupsAllowed(): number {
    return this.#queue.length >= GROUP ? AHEAD : 1;
  }

  #nothingInFlight(): void {
    this.#writer.busy(false);
    this.#whenHeld?.();
    this.#whenHeld = undefined;
  }
}

/** A command that found it must not write, because it came late or twice, has no line in the change log. */
function hasWritten(result: unknown): boolean {
  return typeof result === "object" && result !== null && ("rev" in result || "revs" in result);
}

function asError({ code, message, cause }: Failure): PersonaError {
  return new PersonaError(code, message, cause === undefined ? {} : { cause: new Error(cause) });
}
