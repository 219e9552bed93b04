import type { ServerResponse } from "node:http";
import { after, type Clock } from "../clock.ts";

export interface Patience {
  readonly ms: number;
  readonly clock: Clock;
  /** Whoever waits: when the connection is gone, nobody does. */
  readonly response: ServerResponse;
  /** The server has to go: waiting would only hold it up. */
  readonly graceOver: AbortSignal;
}

/** The outcome, or undefined once patience has run out. What it turns out to be later is then nobody's concern. */
export async function within<T>(outcome: PromiseLike<T>, patience: Patience): Promise<T | undefined> {
  const { ms, clock, response, graceOver } = patience;
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const giveUp = () => resolve(undefined);
  const cancel = after(clock, ms, giveUp);
  response.once("close", giveUp);
  graceOver.addEventListener("abort", giveUp, { once: true });
  if (graceOver.aborted || response.destroyed) giveUp();
  try {
    return await Promise.race([outcome, over]);
  } finally {
    cancel();
    response.off("close", giveUp);
    graceOver.removeEventListener("abort", giveUp);
  }
}
