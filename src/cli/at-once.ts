/** Requests at once: enough to fill the server's group commits. */
const AT_ONCE = 32;

/** Works on all of them, some at once. After the first that fails none is begun any more; rejects with that failure. */
export async function eachAtOnce<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  // All of them take from one iterator.
  const waiting = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async () => {
    for (let next = waiting.next(); next.done !== true && failures.length === 0; next = waiting.next()) {
      await work(next.value).catch((failure) => failures.push(failure));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
}
