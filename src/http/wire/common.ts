/** Pieces that several shapes on the wire are made of. */
import * as z from "zod";
import { LANES } from "../../store/port.ts";
import { wire } from "./registry.ts";

export const time = z.int().register(wire, { description: "Milliseconds since 1970" });

/** An id in a path or a query. Whether it names anything is for the runtime to say (404), not for a pattern. */
export const idInput = z.string().min(1).max(256);

export const lane = z.enum(LANES).register(wire, {
  id: "Lane",
  description: "The class of an item, in strict order of precedence",
});

/** How many items wait in each lane. */
export const laneCounts = z.object({
  voice: z.int(),
  chat: z.int(),
  task: z.int(),
  background: z.int(),
});

/** A whole number in a query or a header, in plain decimal digits: no sign, no blank, no exponent. */
export function decimal<Schema extends z.ZodType>(schema: Schema): z.ZodPreprocess<Schema> {
  return z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value),
    schema,
  );
}

/** Most messages or dead letters of one page. The library is asked for one more, to know whether there are any. */
export const pageLimit = decimal(z.int().min(1).max(100)).default(50).register(wire, { description: "Default 50" });
