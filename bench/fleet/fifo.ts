/** First in, first out, in a ring that doubles when it is full. An empty one that never held anything has no ring. */
export class Fifo<Element> {
  #ring: (Element | undefined)[] = NONE;
  #first = 0;
  size = 0;

  push(element: Element): void {
    if (this.size === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.size) & (this.#ring.length - 1)] = element;
    this.size += 1;
  }

  /** Undefined when there is none. */
  shift(): Element | undefined {
    if (this.size === 0) return undefined;
    const element = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.size -= 1;
    return element;
  }

  #grow(): void {
    const ring = this.#ring;
    const larger = new Array<Element | undefined>(Math.max(4, 2 * ring.length));
    for (let n = 0; n < this.size; n += 1) larger[n] = ring[(this.#first + n) & (ring.length - 1)];
    this.#ring = larger;
    this.#first = 0;
  }
}

/** Shared by all that hold nothing yet; never written to, because it is full. */
const NONE: never[] = [];
