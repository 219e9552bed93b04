import * as z from "zod";

/** Checks after which a schema is compiled: that takes some milliseconds, and most schemas are never asked so often. */
export const CHECKS_BEFORE = 100;

/**
 * A schema for the way of every message: ask for it each time. Once it was asked for often it is a compiled one, which
 * takes valid input in half the time and leaves everything else to what it was compiled from.
 */
export function compiledWhenBusy<Schema extends z.ZodType>(schema: Schema): () => Schema {
  let checks = 0;
  let current = schema;
  return () => {
    checks += 1;
    if (checks === CHECKS_BEFORE) current = z.compile(schema);
    return current;
  };
}
