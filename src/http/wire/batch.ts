/** Several messages in one request. */
import * as z from "zod";
import { problemSchema } from "../problem.ts";
import { entrySchema } from "./entry.ts";
import { wire } from "./registry.ts";
import { acceptedSchema } from "./send.ts";

export const batchBody = z.strictObject({
  messages: z.array(entrySchema).min(1).max(100).register(wire, { description: "1 to 100, taken in this order" }),
});

export const batchSchema = z
  .object({
    results: z
      .array(
        z.union([
          z.object({ status: z.literal(202), accepted: acceptedSchema }),
          z.object({ status: z.int(), problem: problemSchema }),
        ]),
      )
      .register(wire, { description: "One for each message, in the same order" }),
  })
  .register(wire, { id: "BatchResults", description: "What became of each message; some may be refused, others not" });
