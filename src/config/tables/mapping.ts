/** The keys of mapping: bounds, and the models that put into words what is known of a person, and find what was said. */
import * as z from "zod";
import { modelNameSchema } from "../../inputs.ts";
import { about } from "../about.ts";

export const mappingTable = z
  .strictObject({
    document_bytes: z.int().min(1_024).max(4_194_304).default(1_048_576).register(about, {
      description: "The largest text of a mapper's document",
    }),
    rules: z.int().min(1).max(1_000_000).default(20_000).register(about, {
      description: "Most rules of a mapper",
    }),
    residents: z.int().min(1).max(10_000_000).default(10_000).register(about, {
      description: "Persons whose traits are kept in memory, ready to be asked about",
    }),
    feedback_per_day: z.int().min(1).max(10_000).default(10).register(about, {
      description: "Pieces of feedback of one person on one calendar day",
    }),
    summary: modelNameSchema.clone().exactOptional().register(about, {
      description: "Puts into words what is known of a person, as provider:model; without it there is no summary",
      example: "example:small",
    }),
    embedder: modelNameSchema.clone().exactOptional().register(about, {
      description: "Embeds narratives, as provider:model; without it they are found by their words only",
      example: "example:embedding",
    }),
  })
  .prefault({});
