/** Server-Sent Events (WHATWG HTML, section 9.2) of what happens in the runtime. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { after, type Clock } from "../clock.ts";
import type { EventStream, Runtime, RuntimeEvent } from "../types.ts";
import { frameOf, idLineOf } from "./event-frames.ts";
import { whileValid } from "./identity.ts";
import type { Services } from "./services.ts";

export interface EventFilter {
  readonly conversation?: string | undefined;
  readonly persona?: string | undefined;
}

/** Answers with everything after the rev `after`, until the client leaves, its identity ends or the server closes. */
export function streamEvents(
  runtime: Runtime,
  services: Services,
  reply: FastifyReply,
  after: number,
  filter: EventFilter,
): FastifyReply {
  const { clock, closing, heartbeatMs } = services;
  const ended = new AbortController();
  const end = () => ended.abort();
  closing.addEventListener("abort", end);
  const stay = whileValid(reply.request.identity, services, end);
  reply.raw.once("close", () => {
    stay();
    closing.removeEventListener("abort", end);
    end();
  });
  if (closing.aborted) end();
  const happening = runtime.events({ after, signal: ended.signal });
  keepAlive(reply.raw, clock, heartbeatMs, happening);
  // One frame ahead at most: what the client does not take stays with the runtime, which bounds it.
  const frames = Readable.from(eventFrames(happening, after, filter), { objectMode: true, highWaterMark: 1 });
  return reply.type("text/event-stream").header("cache-control", "no-store").header("connection", "close").send(frames);
}

/**
 * One frame per event. Of a durable event that the filter leaves out only the id is sent: browsers
 * take it over without telling the page, so that they resume where they are and not before a gap.
 */
async function* eventFrames(
  events: AsyncIterable<RuntimeEvent>,
  after: number,
  filter: EventFilter,
): AsyncGenerator<string | Buffer> {
  // Sent at once: whoever connects knows that the stream has begun, and where to resume if it breaks before an event.
  yield `retry: 1000\nid: ${after}\n\n`;
  for await (const event of events) {
    if (concerns(event, filter)) yield frameOf(event).whole;
    else if ("rev" in event) yield `${idLineOf(event)}\n`;
  }
}

/**
 * Writes a comment every so often, so that both ends (and what is between them) see that the other is there; with the
 * id to resume from, if that went on over what is others', which may be gone by then.
 */
function keepAlive(response: ServerResponse, clock: Clock, everyMs: number, events: Pick<EventStream, "rev">): void {
  let { rev } = events;
  let cancel: () => void;
  const arm = () => {
    cancel = after(clock, everyMs, beat);
  };
  const beat = () => {
    // After its end there is nothing to keep alive, though the client may still be reading.
    if (response.writableEnded) return;
    response.write(events.rev === rev ? ":\n\n" : `:\nid: ${events.rev}\n\n`);
    ({ rev } = events);
    arm();
  };
  arm();
  response.once("close", () => cancel());
  // A reader that takes nothing for that long is gone: Node then destroys the socket.
  response.setTimeout(4 * everyMs);
}

/** What tells about the stream itself (`gap`, `lagged`) concerns every reader. */
export function concerns(event: RuntimeEvent, { conversation, persona }: EventFilter): boolean {
  const of = subjectOf(event);
  if (of === undefined) return true;
  return (
    (conversation === undefined || conversation === of.conversation) &&
    (persona === undefined || of.personas.includes(persona))
  );
}

function subjectOf(event: RuntimeEvent): { conversation?: string; personas: readonly string[] } | undefined {
  switch (event.type) {
    case "gap":
    case "lagged":
      return undefined;
    case "message": {
      const { conversation, from } = event.message;
      return { conversation, personas: from.kind === "persona" ? [from.id] : [] };
    }
    case "item":
      return { conversation: event.item.conversation, personas: [event.item.persona] };
    case "room":
      return { conversation: event.room.id, personas: event.room.members };
    case "enrollment":
    case "core_stale":
      return { personas: [event.persona] };
    case "mindscape_updated":
      return { personas: [] };
    default:
      return { conversation: event.conversation, personas: [event.persona] };
  }
}
