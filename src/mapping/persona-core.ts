/** Persona cores and the answers that they are served in: documents, in wire names everywhere. */
import * as z from "zod";
import { wire } from "../wire.ts";
import { wordsOnlySchema } from "./narrative.ts";
import { ruleFaultSchema, ruleOutcomeSchema, suggestionSchema } from "./suggestion.ts";
import { traitSchema } from "./trait.ts";

export const DETAIL_LEVELS = ["instant", "balanced", "deep_dive"] as const;
export type DetailLevel = (typeof DETAIL_LEVELS)[number];

export const STALE_POLICIES = ["serve", "regenerate", "refuse"] as const;
export type StalePolicy = (typeof STALE_POLICIES)[number];

export const costSchema = z
  .object({
    ms: z.number().register(wire, { description: "Milliseconds" }),
    tokens: z.int().register(wire, { description: "Of calls to models" }),
    usd: z.number().register(wire, { description: "Of calls to models; 0 where nobody knows the price" }),
  })
  .register(wire, { id: "MappingCost" });

const traits = z.record(z.string(), traitSchema);

export const personaCoreSchema = z
  .object({
    id: z.string().register(wire, { description: "Feedback on it names it by this" }),
    persona_id: z.string(),
    person_id: z.string(),
    mapper_id: z.string(),
    mapper_version: z.int().register(wire, { description: "Of the mapper that it was made with" }),
    mindscape_version: z
      .int()
      .register(wire, { description: "Of the mindscape that it was made from; 0: there was none" }),
    core: z.object({
      traits: traits.register(wire, {
        description: "Required ones, and of those that the mapper reads the lasting ones",
      }),
      missing_traits: z.array(z.string()).register(wire, { description: "Required by the mapper and not known" }),
      summary: z.string().optional().register(wire, { description: "By a model, where one was asked" }),
    }),
    is_stale: z.boolean(),
    stale_since: z.int().optional().register(wire, { description: "Milliseconds since 1970" }),
    generated_at: z.int().register(wire, { description: "Milliseconds since 1970" }),
    expires_at: z.int().register(wire, { description: "Milliseconds since 1970; from then on it is stale" }),
  })
  .register(wire, { id: "PersonaCore", description: "What a mapper makes of a person for a persona, as it is stored" });

export const overlaySchema = z
  .object({
    traits: traits.register(wire, { description: "What changes within hours" }),
    context: z.record(z.string(), z.unknown()).register(wire, { description: "As it was given" }),
    time_zone: z.string().register(wire, { description: "Of the person; UTC where it is not known" }),
    mindscape_version: z.int(),
    generated_at: z.int().register(wire, { description: "Milliseconds since 1970" }),
  })
  .register(wire, { id: "PersonaOverlay", description: "Made anew for each answer" });

export const mappedPersonaSchema = z
  .object({
    core: personaCoreSchema,
    cache: z.enum(["fresh", "stale", "regenerated"]).register(wire, {
      description: "Whether the core was at hand and holds, was at hand and is stale, or was made now",
    }),
    choice: z
      .object({ detail_level: z.enum(DETAIL_LEVELS), when_stale: z.enum(STALE_POLICIES) })
      .register(wire, { description: "What the caller chose, or the defaults" }),
    overlay: overlaySchema.optional().register(wire, { description: "Not with `instant`" }),
    suggestions: z
      .array(suggestionSchema)
      .optional()
      .register(wire, { description: "Not with `instant`; the best first" }),
    faults: z
      .array(ruleFaultSchema)
      .optional()
      .register(wire, { description: "Rules that fired and could not be rendered" }),
    trace: z
      .array(ruleOutcomeSchema)
      .optional()
      .register(wire, { description: "With `explain`: every rule, in its order" }),
    narratives: z
      .array(
        z.object({
          id: z.string(),
          type: z.string(),
          text: z.string(),
          created_at: z.int(),
          score: z.number().register(wire, { description: "0 to 1" }),
        }),
      )
      .optional()
      .register(wire, { description: "With `deep_dive`: what the mapper's searches found, the best first" }),
    words_only: wordsOnlySchema,
    summary_error: z.string().optional().register(wire, { description: "Why there is no summary, as an error code" }),
    cost: costSchema.register(wire, { description: "Of this answer" }),
  })
  .register(wire, { id: "MappedPersona" });

export type PersonaCore = Readonly<z.output<typeof personaCoreSchema>>;
export type MappedPersona = Readonly<z.output<typeof mappedPersonaSchema>>;
export type MappingCost = Readonly<z.output<typeof costSchema>>;
