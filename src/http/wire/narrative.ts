import * as z from "zod";
import { NARRATIVE_TYPES, narrativeSchema, narrativeView, wordsOnlySchema } from "../../mapping/narrative.ts";
import { idInput, pageLimit, time } from "./common.ts";
import { wire } from "./registry.ts";

export { narrativeSchema as narrativeBody, narrativeView };

const personQuery = idInput.exactOptional().register(wire, { description: "`Sender.id`; default: the caller" });
/** One, or several in a row. */
const types = z
  .preprocess((value) => (typeof value === "string" ? [value] : value), z.array(z.enum(NARRATIVE_TYPES)))
  .exactOptional()
  .register(wire, { description: "Only those of this type; may be given twice. Default: all" });

export const narrativePageQuery = z.strictObject({
  person_id: personQuery,
  type: types,
  after: idInput.exactOptional().register(wire, { description: "Id of the last narrative that is already known" }),
  limit: pageLimit,
});

export const narrativePageSchema = z
  .object({
    narratives: z.array(narrativeView).register(wire, { description: "Oldest first" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last narrative's id" }),
  })
  .register(wire, { id: "NarrativePage" });

export const narrativeSearchQuery = z.strictObject({
  person_id: personQuery,
  query: z.string().min(1).max(1_000).register(wire, { description: "Words, in any order" }),
  type: types,
  limit: pageLimit,
});

export const narrativeHitsSchema = z
  .object({
    narratives: z
      .array(
        z.object({
          id: z.string(),
          type: z.enum(NARRATIVE_TYPES),
          text: z.string(),
          created_at: time,
          score: z.number().register(wire, {
            description:
              "0 to 1: the part of the query's words that stand in it (0.8 for one that is only begun with), or how near it is in meaning, where a model embeds narratives",
          }),
        }),
      )
      .register(wire, { description: "The best first" }),
    words_only: wordsOnlySchema,
  })
  .register(wire, { id: "NarrativeHits" });

export const erasureSchema = z
  .object({
    person_id: z.string(),
    removed: z.int().register(wire, { description: "Rows; 0: nothing was known of this person" }),
    erased_at: time,
  })
  .register(wire, { id: "Erasure" });
