/** What was read lately, by name. */

interface Entry<Value> {
  readonly value: Promise<Value>;
  /** Undefined until it is read. */
  present?: Value;
  size: number;
}

/**
 * Reads what is asked for and keeps it, up to a bound. What is forgotten while it is being read is not kept: whoever
 * asks afterwards gets what is stored by then.
 */
export class FreshCache<Value> {
  readonly #read: (name: string) => Promise<Value>;
  readonly #sizeOf: (value: Value) => number;
  readonly #most: number;
  readonly #dropped: (value: Value) => void;
  /** The one that was used last stands last. */
  readonly #entries = new Map<string, Entry<Value>>();
  #size = 0;

  constructor(options: {
    readonly read: (name: string) => Promise<Value>;
    readonly most: number;
    /** Default: each counts 1. */
    readonly sizeOf?: (value: Value) => number;
    readonly dropped?: (value: Value) => void;
  }) {
    this.#read = options.read;
    this.#most = options.most;
    this.#sizeOf = options.sizeOf ?? (() => 1);
    this.#dropped = options.dropped ?? (() => {});
  }

  /** Rejects as reading does, and then keeps nothing. */
  get(name: string): Promise<Value> {
    const known = this.#entries.get(name);
    if (known === undefined) return this.#load(name);
    this.#entries.delete(name);
    this.#entries.set(name, known);
    return known.value;
  }

  /** What is kept; undefined also while it is being read. */
  present(name: string): Value | undefined {
    return this.#entries.get(name)?.present;
  }

  forget(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#size -= entry.size;
    void entry.value.then(this.#dropped, () => {});
  }

  clear(): void {
    for (const name of [...this.#entries.keys()]) this.forget(name);
  }

  #load(name: string): Promise<Value> {
    const entry: Entry<Value> = { value: this.#read(name), size: 0 };
    this.#entries.set(name, entry);
    const isKept = () => this.#entries.get(name) === entry;
    entry.value.then(
      (value) => {
        if (!isKept()) return;
        entry.present = value;
        entry.size = this.#sizeOf(value);
        this.#size += entry.size;
        for (const oldest of this.#entries.keys()) {
          if (this.#size <= this.#most || oldest === name) break;
          this.forget(oldest);
        }
      },
      () => {
        if (isKept()) this.#entries.delete(name);
      },
    );
    return entry.value;
  }
}
