/** The short way through a schema gives what the schema gives, or says that it is not sure. */
import fc from "fast-check";
import { expect, it } from "vitest";
import * as z from "zod";
import { batchBody } from "../src/http/wire/batch.ts";
import { messageBody, sendHeaders, sendQuery } from "../src/http/wire/send.ts";
import { quickParse, UNSURE } from "../src/quick-parse.ts";
import { speechSchema } from "../src/runtime/speech.ts";

/** Right ones mostly, as a whole with one fault is wrong. */
const among = (right: readonly unknown[], wrong: readonly unknown[]) =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
const key = among(["a", "message-1"], ["", "x".repeat(257), "\n"]);
const text = among(["Hello.", "So?"], ["  ", "", "\ud800", "é".repeat(40_000), 7, null, undefined]);
const more = among([undefined], [1]);
const sender = fc.oneof(
  among(["user:7", "agent:x", "persona:ada", " user:7 "], ["", "   ", 7, null]),
  fc.record(
    {
      kind: among(["human", "agent", "persona", "system"], ["robot"]),
      id: among(["user:7", " a "], [""]),
      name: among(["Ada", " Ada "], ["", undefined]),
    },
    { requiredKeys: ["kind", "id"] },
  ),
);
const fields = {
  text,
  from: sender,
  lane: among(["chat", "task", undefined], ["none"]),
  priority: among([0, 0.5, undefined], [2, "0.5", Number.NaN]),
  urgent: among([true, false, undefined], ["true"]),
  coalesce: among(["merge", "latest", undefined], ["none"]),
  similarity: among([0.5, undefined], [-0.1]),
};
const speech = fc.record(
  { ...fields, expiresInMs: among([1], [0, 1.5]), idempotencyKey: key, mergeKey: key },
  { requiredKeys: ["text", "from"] },
);
const body = fc.record(
  { ...fields, expires_in_ms: among([1], [0, "1"]), merge_key: key, toString: more },
  { requiredKeys: ["text", "from", "lane", "urgent"] },
);
const entry = fc.record(
  { ...fields, persona: key, conversation_id: more, reply_to: more, idempotency_key: key },
  { requiredKeys: ["text", "persona"] },
);
const plain = z.object({
  kept: z.string().trim().toUpperCase(),
  exact: z.string().exactOptional(),
  list: z.array(z.enum(["a", "b"])).min(1),
  loose: z.looseObject({ a: z.string() }).optional(),
  any: z.unknown(),
  made: z.object({ a: z.boolean() }).default({ a: true }),
  parts: z.union([z.string().min(2), z.string().max(0), z.object({ a: z.string() })]).optional(),
  faulty: z
    .string()
    .transform((value, context) => {
      if (value === "no") context.addIssue("no");
      return value.length;
    })
    .optional(),
});
const plains = fc.record(
  {
    kept: fc.constantFrom(" a ", "b", 1),
    exact: fc.constantFrom("a", undefined, 1),
    list: fc.constantFrom(["a"], [], ["a", "c"], "a"),
    loose: fc.constantFrom({ a: "a", b: 1 }, { b: 1 }, undefined),
    any: fc.anything(),
    made: fc.constantFrom(
      undefined,
      { a: false, more: 1 },
      { a: 1 },
      new (class Other {
        a = true;
      })(),
    ),
    parts: fc.constantFrom("", "a", "ab", { a: "a", b: 1 }, { a: 1 }, null),
    faulty: fc.constantFrom("no", "yes", undefined),
    more: fc.anything(),
  },
  { requiredKeys: ["kept", "list"] },
);

it.each<[string, z.ZodType, fc.Arbitrary<unknown>]>([
  ["a message of the library", speechSchema, speech],
  ["the body of a message", messageBody, body],
  ["a batch", batchBody, fc.record({ messages: fc.array(entry, { maxLength: 3 }) })],
  ["a query", sendQuery, fc.record({ wait: fc.constantFrom("5", "61", "+5", 5) }, { requiredKeys: [] })],
  [
    "headers",
    z.object(sendHeaders.shape),
    fc.record({ host: key, "idempotency-key": key, more }, { requiredKeys: ["host"] }),
  ],
  ["all kinds", plain, plains],
  ["anything", z.union([z.string(), z.array(z.unknown()), z.object({})]), fc.anything({ withNullPrototype: true })],
])("gives of %s what the schema gives, or is not sure", (_, schema, inputs) => {
  const quick = quickParse(schema);
  let sure = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      const parsed = quick(input);
      if (parsed === UNSURE) return;
      sure += 1;
      expect(schema.safeParse(input)).toEqual({ success: true, data: parsed });
    }),
    { numRuns: 2_000, seed: 7 },
  );
  expect(sure).toBeGreaterThan(10);
});

it("is sure of what callers usually send", () => {
  const sent = { text: "Hello.", from: "user:7", lane: "task" };
  expect(quickParse(messageBody)(sent)).toEqual(messageBody.parse(sent));
  const said = { text: "Hello.", from: { kind: "human", id: "user:7" }, idempotencyKey: "a", traceparent: undefined };
  expect(quickParse(speechSchema)(said)).toEqual(speechSchema.parse(said));
  const batch = { messages: [{ ...sent, persona: "ada", idempotency_key: "a" }] };
  expect(quickParse(batchBody)(batch)).toEqual(batchBody.parse(batch));
});

it("leaves an object that is more than data to the schema", () => {
  class Own {
    get text() {
      return "Hello.";
    }
  }
  expect(quickParse(z.object({ text: z.string() }))(new Own())).toBe(UNSURE);
});
