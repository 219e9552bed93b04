/** What an extractor may find: checked, because a host or a model may have made it. */
import * as z from "zod";
import { boundedJson } from "../bounded-json.ts";
import { TRAIT_PATH, TRAIT_PATH_FORM, VOLATILITIES } from "../trait.ts";
import type { Finding } from "./extractor.ts";

/** Of the value of a trait. */
export const TRAIT_BOUNDS = { bytes: 16_384, depth: 8, fields: 256 };

/** Room for `.p50` and `.p90` behind it. */
const path = z.string().max(250).regex(TRAIT_PATH, TRAIT_PATH_FORM);

const about = {
  path,
  confidence: z.number().min(0).max(1),
  volatility: z.enum(VOLATILITIES),
  at: z.int().min(0).exactOptional(),
};

const findingSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("value"), ...about, value: boundedJson(TRAIT_BOUNDS) }),
  z.strictObject({ kind: z.literal("sample"), ...about, sample: z.number() }),
  z.strictObject({
    kind: z.literal("score"),
    ...about,
    key: z.string().regex(/^(?!__proto__$)[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'"),
    score: z.union([z.number().min(1).max(5), z.enum(["high", "medium", "low"])]),
  }),
]);

export const findingsSchema: z.ZodType<readonly Finding[]> = z.array(findingSchema).max(100);
