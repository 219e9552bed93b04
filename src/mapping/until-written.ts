/** Compare and set: what was changed meanwhile is read again, and what is to be done is done again. */
import { after, type Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";

const ATTEMPTS = 8;
const FIRST_WAIT_MS = 10;

export interface Chances {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves to what the first attempt gives that is not `stale`. Between two it waits, each time about twice as long, so
 * that writers who met do not meet again. Rejects with `mindscape_contended` after eight: nothing was written.
 */
export async function untilWritten<Result>(
  attempt: () => Promise<Result | "stale">,
  what: string,
  { clock, random, signal }: Chances,
): Promise<Result> {
  for (let n = 0; n < ATTEMPTS; n += 1) {
    signal?.throwIfAborted();
    const result = await attempt();
    if (result !== "stale") return result;
    if (n < ATTEMPTS - 1) await waited(clock, FIRST_WAIT_MS * 2 ** n * (0.5 + random()), signal);
  }
  const message = `${what} was changed by somebody else ${ATTEMPTS} times while it was to be written; try again later.`;
  throw new PersonaError("mindscape_contended", message, { retryAfterMs: 1_000 });
}

function waited(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = after(clock, ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}
