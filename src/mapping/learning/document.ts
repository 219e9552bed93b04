/** What learning reads of a mapper's document, which was checked when it was stored. */
import * as z from "zod";
import { type Learning, learningSchema } from "./settings.ts";

export interface Teachable {
  /** By id of a rule: the weight that its author has given it. */
  readonly authored: Readonly<Record<string, number>>;
  readonly learning: Learning;
  /** Traits by type of suggestion. */
  readonly mappings: Readonly<Record<string, readonly string[]>>;
}

const documentSchema = z.looseObject({
  rules: z.array(z.looseObject({ id: z.string(), weight: z.number().default(1) })),
  trait_mappings: z.record(z.string(), z.array(z.string())).default({}),
  feedback_settings: learningSchema,
});

/** @param document JSON. Throws a ZodError or SyntaxError for what was never checked. */
export function teachableOf(document: string): Teachable {
  const { rules, trait_mappings: mappings, feedback_settings: learning } = documentSchema.parse(JSON.parse(document));
  return { authored: Object.fromEntries(rules.map(({ id, weight }) => [id, weight])), learning, mappings };
}

type Rule = Readonly<Record<string, unknown>>;

/** The same document with other weights: what publishing them stores as the next version. */
export function publishedDocument(
  document: Readonly<Record<string, unknown>>,
  weights: Readonly<Record<string, number>>,
): Readonly<Record<string, unknown>> {
  const rules = (document["rules"] as readonly Rule[]).map((rule) => {
    const id = String(rule["id"]);
    return Object.hasOwn(weights, id) ? { ...rule, weight: weights[id] } : rule;
  });
  return { ...document, rules };
}
