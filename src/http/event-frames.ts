import type { RuntimeEvent } from "../types.ts";
import { eventOf } from "./wire/event.ts";

/** An event as bytes. */
export interface EventFrame {
  /** On the event stream: with its id, if it has one, and its name. */
  readonly whole: Buffer;
  /** Of that the JSON document, which is all that a socket is sent. */
  readonly data: Buffer;
}

const frames = new WeakMap<RuntimeEvent, EventFrame>();

/**
 * Made once for all readers, who get the same event: hundreds that are slow to take it hold these bytes together. Who
 * may read it was asked before. Nobody writes into them.
 */
export function frameOf(event: RuntimeEvent): EventFrame {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const head = `${idLineOf(event)}event: ${event.type}\ndata: `;
  const whole = Buffer.from(`${head}${JSON.stringify(eventOf(event))}\n\n`);
  const frame = { whole, data: whole.subarray(head.length, -2) };
  frames.set(event, frame);
  return frame;
}

/** Empty for an event that is not durable. */
export function idLineOf(event: RuntimeEvent): string {
  return "rev" in event ? `id: ${event.rev}\n` : "";
}
