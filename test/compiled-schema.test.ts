/** A schema that was compiled says the same as the one that it was compiled from. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type * as z from "zod";
import { CHECKS_BEFORE, compiledWhenBusy } from "../src/compiled-schema.ts";
import { batchBody } from "../src/http/wire/batch.ts";
import { messageBody, sendHeaders, sendQuery } from "../src/http/wire/send.ts";
import { socketSend } from "../src/http/wire/socket.ts";
import { speechSchema } from "../src/runtime/speech.ts";

/** What fields are given by those who mean well, by those who err, and by those who do neither. */
const value = fc.oneof(
  fc.constantFrom<unknown>("hello", "user:7", "persona:ada", "task", "chat", "latest", true, 0.5, 1_000, "5", "send"),
  fc.constantFrom<unknown>("", " ", "x".repeat(257), "\ud83d", "é".repeat(32_769), null, undefined, -1, 1.5, [], {}),
  fc.constantFrom<unknown>({ kind: "agent", id: "a", name: " n " }, { kind: "nobody", id: "a" }, { id: "" }),
  fc.string(),
);
const names = [...new Set([...Object.keys(socketSend.shape), ...Object.keys(speechSchema.shape), "idempotency-key"])];
const fields = fc.dictionary(fc.constantFrom(...names, "unknown"), value, { maxKeys: 4 });
const anything = fc.oneof(fields, value);
const messages = fc.record({ messages: fc.oneof(fc.array(anything, { maxLength: 4 }), value) });
/** So that what is in order comes often enough too. */
const orderly = fields.map((given) => ({ text: "hello", from: "user:7", persona: "ada", type: "send", ...given }));

const cases: [string, z.ZodType, fc.Arbitrary<unknown>][] = [
  ["a message", messageBody, fc.oneof(orderly.map(without("persona", "type")), anything)],
  ["headers", sendHeaders, anything],
  ["a query", sendQuery, fc.oneof(fc.record({ wait: value }), anything)],
  [
    "a batch",
    batchBody,
    fc.oneof(
      orderly.map((one) => ({ messages: [without("type")(one)] })),
      messages,
    ),
  ],
  ["a frame", socketSend, fc.oneof(orderly, anything)],
  ["what a host says", speechSchema, fc.oneof(orderly.map(without("persona", "type")), anything)],
];

it.each(cases)("%s", (_, schema, inputs) => {
  const current = compiledWhenBusy(schema);
  for (let checks = 1; checks < CHECKS_BEFORE; checks += 1) expect(current()).toBe(schema);
  const compiled = current();
  expect(compiled).not.toBe(schema);
  fc.assert(
    fc.property(inputs, (input) => {
      expect(outcomeOf(compiled, input)).toStrictEqual(outcomeOf(schema, input));
    }),
    { numRuns: 300 },
  );
});

function outcomeOf(schema: z.ZodType, input: unknown): unknown {
  const { success, data, error } = schema.safeParse(input);
  return success ? { data } : { issues: error.issues };
}

function without(...left: string[]) {
  return (given: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => !left.includes(name)));
}
