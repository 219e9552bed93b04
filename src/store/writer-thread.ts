import { Worker } from "node:worker_threads";
import { PersonaError } from "../errors.ts";
import { CommitQueue, type CommitQueueOptions, type Writer } from "./commit-queue.ts";
import type { Call, GroupResult } from "./group-program.ts";
import type { WriterData, WriterRequest } from "./writer.ts";

export interface WriterOptions extends WriterData, CommitQueueOptions {}

/** The main thread's side of the thread that writes into a file. */
export class WriterThread implements Writer {
  readonly queue: CommitQueue;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;

  /** Resolves when the writer has written. */
  static async start(options: WriterOptions): Promise<WriterThread> {
    const writer = new WriterThread(options);
    try {
      await writer.queue.call("probe", []);
      return writer;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  private constructor({ file, epoch, keepChanges, ...options }: WriterOptions) {
    const workerData: WriterData = { file, epoch, keepChanges };
    // Beside this file, and like it: TypeScript in the sources, JavaScript in the package.
    const script = new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./writer.js", import.meta.url);
    this.queue = new CommitQueue(this, options);
    // Flags of this process are not for it: with those of `node --input-type=module -e` it would not start.
    this.#worker = new Worker(script, { workerData, execArgv: [] });
    this.#worker.on("message", (result: GroupResult) => this.queue.answered(result));
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

  commit(lastKey: number, group: readonly Call[]): void {
    this.#post({ lastKey, group });
  }

  busy(isBusy: boolean): void {
    if (isBusy) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread, which moves the rest of the log into the file, and waits for its end. */
  async close(): Promise<void> {
    this.#worker.ref();
    if (this.queue.failure === undefined) this.#post(null);
    await this.#exited;
  }

  #post(request: WriterRequest): void {
    this.#worker.postMessage(request);
  }

  #ended(cause: Error): void {
    const message = "The store's writer has ended; what was being written may or may not be stored. Open it again.";
    this.queue.fail(new PersonaError("store_unavailable", message, { cause }));
  }
}
