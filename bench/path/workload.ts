/** The messages that every case handles, and the callers who send them. */

export interface Workload {
  readonly messages: number;
  readonly personas: number;
  readonly users: number;
  /** Messages on their way at once. */
  readonly window: number;
}

/** Message number `n`: consecutive ones go to different personas, those to one persona come from different users. */
export function messageAt(n: number, { personas, users }: Workload): { persona: number; user: number; text: string } {
  return {
    persona: n % personas,
    user: Math.floor(n / personas) % users,
    text: `Message ${n}: how do you find the tide?`,
  };
}

/** What every persona answers. */
export function replyTo(text: string): string {
  return `You asked “${text}”, and I find that it comes and goes.`;
}

/** As many messages as a server with many sockets would read in one turn of its event loop. */
const SENDS_PER_LOOP_TURN = 128;

/**
 * Sends the messages `first` to `first + count - 1`, `window` of them at once: an answer makes room for the next.
 * Throws unless each is answered with its own reply; `send` must give each reply once.
 */
export function converse(
  workload: Workload,
  { first, count }: { readonly first: number; readonly count: number },
  send: (n: number) => PromiseLike<string>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let scheduled = false;
    const refill = () => {
      scheduled = false;
      for (let n = 0; n < SENDS_PER_LOOP_TURN && sent < count && sent - answered < workload.window; n += 1) {
        const number = first + sent;
        sent += 1;
        send(number).then((reply) => check(number, reply), reject);
      }
      if (sent < count && sent - answered < workload.window) schedule();
    };
    const schedule = () => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(refill);
    };
    const check = (number: number, reply: string) => {
      if (reply !== replyTo(messageAt(number, workload).text)) reject(new Error(`Message ${number} got: ${reply}`));
      answered += 1;
      if (answered === count) resolve();
      else if (sent < count) schedule();
    };
    schedule();
  });
}

/** Throws unless both say the same. */
export function assertCounts(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(expected)) {
    if (found[name] !== count) throw new Error(`${name}: found ${found[name]}, expected ${count}`);
  }
}
