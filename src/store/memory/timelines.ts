const NONE: readonly never[] = [];

/** The keys of the messages of each conversation, ascending. */
export class Timelines {
  readonly #keys = new Map<number, number[]>();

  /** In the order in which they come: most are the newest. */
  add(conversation: number, key: number): void {
    const keys = this.#keys.get(conversation);
    if (keys === undefined) this.#keys.set(conversation, [key]);
    else if (key > (keys.at(-1) ?? 0)) keys.push(key);
    else keys.splice(position(keys, key), 0, key);
  }

  remove(conversation: number, key: number): void {
    const keys = this.#keys.get(conversation);
    if (keys === undefined) return;
    keys.splice(position(keys, key), 1);
    if (keys.length === 0) this.#keys.delete(conversation);
  }

  after(conversation: number, key: number, limit: number): readonly number[] {
    const keys = this.#keys.get(conversation) ?? NONE;
    const start = position(keys, key + 1);
    return keys.slice(start, start + limit);
  }

  /** The newest ones before `key` whose tokens fit together. */
  fitting(conversation: number, key: number, tokens: number, tokensOf: (key: number) => number): readonly number[] {
    const keys = this.#keys.get(conversation) ?? NONE;
    const end = position(keys, key);
    let start = end;
    for (let left = tokens; start > 0; start -= 1) {
      left -= tokensOf(keys[start - 1] ?? 0);
      if (left < 0) break;
    }
    return keys.slice(start, end);
  }

  countBefore(conversation: number, key: number): number {
    return position(this.#keys.get(conversation) ?? NONE, key);
  }

  newest(conversation: number, limit: number): readonly number[] {
    const keys = this.#keys.get(conversation) ?? NONE;
    return keys.slice(Math.max(0, keys.length - limit));
  }
}

/** The index of `key` in an ascending list, or the one at which it would be inserted. */
function position(keys: readonly number[], key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
