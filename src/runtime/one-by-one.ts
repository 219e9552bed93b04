/** Runs the tasks of one key one after the other, in the order in which they came; those of other keys beside them. */
export class OneByOne<Key> {
  /** The last task of each key that has one. */
  readonly #last = new Map<Key, Promise<unknown>>();

  /** What a task before has failed with is for its own caller. */
  async run<Result>(key: Key, task: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const after = before.then(task, task);
    this.#last.set(key, after);
    try {
      return await after;
    } finally {
      if (this.#last.get(key) === after) this.#last.delete(key);
    }
  }
}
