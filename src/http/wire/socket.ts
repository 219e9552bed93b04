/** What goes over a socket, both ways, besides the events. */
import * as z from "zod";
import { problemSchema } from "../problem.ts";
import { entryFields, namesOneTarget } from "./entry.ts";
import { eventSchema } from "./event.ts";
import { wire } from "./registry.ts";
import { acceptedSchema } from "./send.ts";

const ref = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .register(wire, { description: "Any text of the client's own; the answer carries it" });

/** What a client sends, as one text frame. */
export const socketSend = entryFields
  .extend({ type: z.literal("send"), ref })
  .superRefine(namesOneTarget)
  .register(wire, { id: "SocketSend", description: "What a client sends over the socket" });

/** What a server sends, each as one text frame. */
export const socketFrame = z
  .union([
    eventSchema,
    z
      .object({ type: z.literal("rev"), rev: z.int() })
      .register(wire, { description: "Everything up to here has been told: where to resume. The first frame is one" }),
    z.object({ type: z.literal("accepted"), ref, accepted: acceptedSchema }),
    z.object({ type: z.literal("problem"), ref, problem: problemSchema }),
  ])
  .register(wire, { id: "SocketFrame", description: "What the server sends over the socket" });
