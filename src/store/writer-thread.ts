import { Worker } from "node:worker_threads";
import { PersonaError } from "../errors.ts";
import type { Commands } from "./commands.ts";
import type { Call, CommandName, Failure, GroupResult } from "./group-commit.ts";
import type { Commits, ItemRow } from "./port.ts";
import type { WriterData, WriterRequest } from "./writer.ts";

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

export interface WriterOptions extends WriterData {
  /** The greatest key allocated so far; it goes with each group. */
  readonly lastKey: () => number;
  /** Told of the items of each commit, in order, before the promises of that commit settle. */
  readonly deliver: (items: readonly ItemRow[]) => void;
}

/**
 * The main thread's side of the writer. Commands queue up while a group is being committed and leave
 * together when the writer is idle again, so one flush of the disk serves all who wait for it.
 */
export class WriterThread {
  readonly #worker: Worker;
  readonly #options: WriterOptions;
  readonly #exited: Promise<void>;
  readonly #queue: Pending[] = [];
  readonly #inFlight: { readonly group: readonly Pending[]; readonly sentAt: number }[] = [];
  readonly #commits = { count: 0, commands: 0, ms: 0 };
  #held = false;
  #whenHeld: (() => void) | undefined;
  #failure: PersonaError | undefined;
  #rev = 0;

  /** Resolves when the writer has written. */
  static async start(options: WriterOptions): Promise<WriterThread> {
    const writer = new WriterThread(options);
    try {
      await writer.call("probe", []);
      return writer;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  private constructor(options: WriterOptions) {
    const { file, epoch, keepChanges } = options;
    const workerData: WriterData = { file, epoch, keepChanges };
    // Beside this file, and like it: TypeScript in the sources, JavaScript in the package.
    const script = new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./writer.js", import.meta.url);
    this.#options = options;
    // Flags of this process are not for it: with those of `node --input-type=module -e` it would not start.
    this.#worker = new Worker(script, { workerData, execArgv: [] });
    this.#worker.on("message", (result: GroupResult) => this.#answered(result));
    this.#worker.on("error", (cause) => this.#ended(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#ended(new Error(`The writer thread ended with code ${code}.`));
        resolve();
      });
    });
    // An idle store keeps no process alive; a write does until it is answered.
    this.#worker.unref();
  }

  /** The newest rev that is on the disk. */
  get rev(): number {
    return this.#rev;
  }

  get commits(): Commits {
    return this.#commits;
  }

  call<Name extends CommandName>(
    name: Name,
    args: Parameters<Commands[Name]>,
    items: readonly ItemRow[] = [],
  ): Promise<ReturnType<Commands[Name]>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
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

  /** Ends the thread, which moves the rest of the log into the file, and waits for its end. */
  async close(): Promise<void> {
    this.#worker.ref();
    if (this.#failure === undefined) this.#post(null);
    await this.#exited;
  }

  #send(): void {
    while (!this.#held && this.#queue.length > 0 && this.#inFlight.length < this.#groupsAllowed()) {
      const group = this.#queue.splice(0, GROUP);
      this.#inFlight.push({ group, sentAt: performance.now() });
      this.#worker.ref();
      this.#post({ lastKey: this.#options.lastKey(), group: group.map(({ call }) => call) });
    }
  }

  #groupsAllowed(): number {
    return this.#queue.length >= GROUP ? AHEAD : 1;
  }

  #post(request: WriterRequest): void {
    this.#worker.postMessage(request);
  }

  #answered({ results, failures, rev }: GroupResult): void {
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

  #nothingInFlight(): void {
    this.#worker.unref();
    this.#whenHeld?.();
    this.#whenHeld = undefined;
  }

  #ended(cause: Error): void {
    if (this.#failure !== undefined) return;
    const message = "The store's writer has ended; what was being written may or may not be stored. Open it again.";
    this.#failure = new PersonaError("store_unavailable", message, { cause });
    for (const { reject } of [...this.#inFlight.splice(0).flatMap(({ group }) => group), ...this.#queue.splice(0)])
      reject(this.#failure);
    this.#nothingInFlight();
  }
}

/** A command that found it must not write, because it came late or twice, has no line in the change log. */
function hasWritten(result: unknown): boolean {
  return typeof result === "object" && result !== null && ("rev" in result || "revs" in result);
}

function asError({ code, message, cause }: Failure): PersonaError {
  return new PersonaError(code, message, cause === undefined ? {} : { cause: new Error(cause) });
}
