/** Processes that stay on one core each, so that one does not take the other's time. */
import { type ChildProcess, type ForkOptions, fork, type Serializable } from "node:child_process";
import { once } from "node:events";

/** A process of a benchmark that answers when it is asked, and ends when it is told to. */
export class Pinned<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.ready = ready;
  }

  /** Resolves with what the script sends first. */
  static async start<Ready>(script: URL, core: number, options: object): Promise<Pinned<Ready>> {
    const child = fork(script, [JSON.stringify(options)], onCore(core));
    return new Pinned(child, await heard<Ready>(child));
  }

  async ask<Answer>(question: Serializable): Promise<Answer> {
    const answer = heard<Answer>(this.#child);
    this.#child.send(question);
    return answer;
  }

  /** Resolves when it has ended; rejects if it has found something wrong. */
  async end(question: Serializable): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.send(question);
    const [code, signal] = await exit;
    if (code !== 0) throw new Error(`${this.#child.spawnargs.at(-2)} ended with ${signal ?? code}`);
  }
}

/** For `fork`: `taskset`, which is everywhere on Linux, and then Node.js. */
export function onCore(core: number): ForkOptions {
  return { execPath: "taskset", execArgv: ["-c", `${core}`, process.execPath], serialization: "advanced" };
}

async function heard<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`${child.spawnargs.at(-2)} ended with ${signal ?? code}`);
  });
  const [answer] = await Promise.race([once(child, "message"), ended]);
  ended.catch(() => {});
  return answer;
}
