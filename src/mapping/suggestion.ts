/** What a mapper suggests to a person, as it is shown: a document, in wire names everywhere. */
import * as z from "zod";
import { wire } from "../wire.ts";

const reason = z
  .object({
    path: z.string().register(wire, { description: "JSON pointer of the check in the mapper's document" }),
    check: z.enum(["trait_check", "context_check", "time_check", "narrative_check"]),
    subject: z.string().register(wire, { description: "Path of the trait, field of the context, zone, or query" }),
    operator: z.string().optional(),
    expected: z.unknown().optional().register(wire, { description: "What the document says beside the operator" }),
    holds: z.boolean().register(wire, { description: "False where a `not` wants it so" }),
    actual: z.unknown().optional().register(wire, { description: "What was found; absent if nothing was" }),
  })
  .register(wire, { id: "SuggestionReason", description: "A check that the rule fired by" });

const shape = {
  rule_id: z.string(),
  type: z.string(),
  title: z.string(),
  description: z.string(),
  priority: z.enum(["high", "medium", "low"]),
  weight: z.number().register(wire, { description: "By which it was ranked" }),
  parameters: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()).register(wire, { description: "Of its template" }),
  because: z.array(reason),
};

/** What would be suggested: nobody can give feedback on it. */
export const ruleSuggestionSchema = z.object(shape).register(wire, { id: "RuleSuggestion" });

export const suggestionSchema = z
  .object({
    id: z.string().register(wire, { description: "Feedback on it names it by this" }),
    mapper_id: z.string(),
    mapper_version: z.int(),
    ...shape,
  })
  .register(wire, { id: "Suggestion", description: "The best first" });

export const ruleFaultSchema = z
  .object({ rule_id: z.string(), action: z.int(), parameter: z.string(), code: z.string(), message: z.string() })
  .register(wire, { id: "RuleFault", description: "Why a rule that fired gave no suggestion" });

/** A condition and what became of it; those of `all`, `any` and `not` are in `children`. */
const outcomeSchema = z
  .looseObject({ path: z.string(), holds: z.boolean(), kind: z.enum(["all", "any", "not"]).optional() })
  .register(wire, { id: "ConditionOutcome", description: "A check has `flip`: the nearest thing that would turn it" });

export const ruleOutcomeSchema = z
  .object({ rule_id: z.string(), fires: z.boolean(), weight: z.number(), outcome: outcomeSchema })
  .register(wire, { id: "RuleOutcome" });

export type Suggestion = Readonly<z.output<typeof suggestionSchema>>;
export type RuleSuggestionView = Readonly<z.output<typeof ruleSuggestionSchema>>;
export type RuleFaultView = Readonly<z.output<typeof ruleFaultSchema>>;
export type RuleOutcome = Readonly<z.output<typeof ruleOutcomeSchema>>;
