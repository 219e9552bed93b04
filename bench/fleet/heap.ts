/** A binary heap: `shift` gives the least. */
export class Heap<Element> {
  readonly #before: (a: Element, b: Element) => boolean;
  readonly #elements: Element[] = [];

  constructor(before: (a: Element, b: Element) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#elements.length;
  }

  push(element: Element): void {
    const elements = this.#elements;
    let at = elements.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = elements[(at - 1) >> 1] as Element;
      if (!this.#before(element, parent)) break;
      elements[at] = parent;
    }
    elements[at] = element;
  }

  /** Undefined when there is none. */
  shift(): Element | undefined {
    const elements = this.#elements;
    const least = elements[0];
    const last = elements.pop();
    if (elements.length > 0) this.#sink(last as Element);
    return least;
  }

  /** Puts an element in the place of the least, and then where it belongs. */
  #sink(element: Element): void {
    const elements = this.#elements;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= elements.length) break;
      if (child + 1 < elements.length && this.#before(elements[child + 1] as Element, elements[child] as Element)) {
        child += 1;
      }
      if (!this.#before(elements[child] as Element, element)) break;
      elements[at] = elements[child] as Element;
      at = child;
    }
    elements[at] = element;
  }
}
