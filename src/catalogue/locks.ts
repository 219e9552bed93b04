/** Locks by name, for tasks that need several at once. */

interface Lock {
  /** Done when the last task is that wanted the name alone. */
  alone: Promise<void>;
  /** Done when those are that have shared it since. */
  shared: Promise<void>[];
  /** How many tasks need it, or wait for it. */
  tasks: number;
}

/**
 * A task takes its place behind every name that it needs in one step, so that no two wait for each other. Who wants a
 * name alone waits for all before it; who shares one waits for the last that wanted it alone.
 */
export class Locks {
  readonly #locks = new Map<string, Lock>();

  async run<Result>(alone: string, shared: readonly string[], task: () => Promise<Result>): Promise<Result> {
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    const before: Promise<void>[] = [];
    const names = [...new Set([alone, ...shared])];
    for (const name of names) {
      const lock = this.#lock(name);
      lock.tasks += 1;
      before.push(lock.alone);
      if (name !== alone) {
        lock.shared.push(done);
        continue;
      }
      before.push(...lock.shared);
      lock.alone = done;
      lock.shared = [];
    }
    try {
      await Promise.all(before);
      return await task();
    } finally {
      release();
      for (const name of names) this.#leave(name);
    }
  }

  #lock(name: string): Lock {
    const lock = this.#locks.get(name) ?? { alone: Promise.resolve(), shared: [], tasks: 0 };
    this.#locks.set(name, lock);
    return lock;
  }

  #leave(name: string): void {
    const lock = this.#lock(name);
    lock.tasks -= 1;
    if (lock.tasks === 0) this.#locks.delete(name);
  }
}
