import type { FeedSink, ItemRow } from "./port.ts";

/** The committed feed's end: hands what was written to the one who asked for it. */
export class Feed {
  #sink: FeedSink | undefined;

  /** This sink has received the backlog; from now on it, and no other, hears of each commit. */
  follow(sink: FeedSink): void {
    this.#sink = sink;
  }

  /**
   * What is written is written: an error of the sink cannot fail the write any more. It becomes an
   * uncaught exception, the way `EventTarget` does it, so that it is not hidden either.
   */
  deliver(items: readonly ItemRow[]): void {
    if (this.#sink === undefined || items.length === 0) return;
    try {
      this.#sink(items);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
