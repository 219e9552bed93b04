/** Mappers in requests and answers. What a mapper is says `mapping/mapper.ts`. */
import * as z from "zod";
import { mapperHeadSchema } from "../../mapping/mapper.ts";
import { DETAIL_LEVELS, STALE_POLICIES } from "../../mapping/persona-core.ts";
import { entryPageQuery } from "./catalogue.ts";
import { decimal, idInput, pageLimit, time } from "./common.ts";
import { wire } from "./registry.ts";

const list = z.array(z.unknown());
const table = z.record(z.string(), z.unknown());

/** Bodies are described by this and checked by the rule engine, which names every fault with its path. */
export const documentBody = z
  .strictObject({
    metadata: z.looseObject({ id: z.string(), version: z.union([z.string(), z.number()]), description: z.string() }),
    required_traits: z.array(z.string()).optional().register(wire, { description: "Dotted paths" }),
    trait_mappings: table.optional().register(wire, { description: "Traits by type of suggestion, for feedback" }),
    rules: list.register(wire, { description: "Conditions, actions and weight of each" }),
    templates: table.register(wire, { description: "Title, description, priority and metadata of each" }),
    feedback_settings: table.optional(),
  })
  .register(wire, { id: "MapperDocument", description: "As JSON, or as YAML: at most 1 MiB" });

const flag = z.enum(["true", "false"]).default("false");

export const writeQuery = z.strictObject({
  activate: flag.register(wire, { description: "Whether the new version is active at once" }),
});

const versionInput = decimal(z.int().min(1));

export const mapperQuery = z.strictObject({
  version: versionInput.optional().register(wire, { description: "Default: the active one, or else the newest" }),
});

export const mapperPageQuery = entryPageQuery.extend({
  trait: idInput.optional().register(wire, {
    description: "Only mappers whose conditions read this trait, or something above or below it",
  }),
  active: flag.register(wire, { description: "Only mappers of which a version is active" }),
});

export const mapperPageSchema = z
  .object({
    mappers: z.array(mapperHeadSchema).register(wire, { description: "Sorted by id" }),
    next_cursor: z.string().optional().register(wire, { description: "Of the next page; absent at the end" }),
  })
  .register(wire, { id: "MapperPage" });

export const versionPageQuery = z.strictObject({
  before: versionInput.optional().register(wire, { description: "The oldest version that is already known" }),
  limit: decimal(z.int().min(1).max(1_000)).default(100).register(wire, { description: "Default 100" }),
});

export const versionPageSchema = z
  .object({
    versions: z.array(mapperHeadSchema).register(wire, { description: "Newest first" }),
    more: z.boolean().register(wire, { description: "Go on with `before` = the last version" }),
  })
  .register(wire, { id: "MapperVersionPage" });

export const weightLogQuery = z.strictObject({
  rule_id: idInput.optional(),
  before: idInput.optional().register(wire, { description: "Id of the oldest change that is already known" }),
  limit: pageLimit,
});

const weightChange = z
  .object({
    id: z.string(),
    rule_id: z.string(),
    from: z.number(),
    to: z.number(),
    reason: z.string(),
    at: time,
  })
  .register(wire, { id: "WeightChange" });

export const weightLogSchema = z
  .object({
    changes: z.array(weightChange).register(wire, { description: "Newest first" }),
    more: z.boolean().register(wire, { description: "Go on with `before` = the last change's id" }),
  })
  .register(wire, { id: "WeightLog" });

export const versionParams = z.strictObject({ id: idInput, version: versionInput });

const context = table.register(wire, { description: "What the context checks of rules read" });

export const simulationBody = z.strictObject({
  version: z.int().optional().register(wire, { description: "Default: the active one, or else the newest" }),
  person_id: idInput.optional().register(wire, { description: "Whose traits, zone, weights and narratives" }),
  traits: table.optional().register(wire, { description: "Values by path, over those of the person" }),
  time_zone: z.string().optional().register(wire, { description: "Default: the person's, else UTC" }),
  context: context.optional(),
  scores: z
    .record(z.string(), z.number())
    .optional()
    .register(wire, { description: "By narrative query, 0 to 1, over what is found of the person" }),
  at: time.optional(),
  limit: z.int().optional().register(wire, { description: "Most suggestions. Default 5" }),
  rules: z.array(z.string()).optional().register(wire, { description: "The rules to tell of. Default: all" }),
});

const detailLevel = z.enum(DETAIL_LEVELS).optional();
const whenStale = z.enum(STALE_POLICIES).optional();

/** Named as the interface was published, or as everything else here. */
export const mapPersonaQuery = z.strictObject({
  personaId: idInput.optional().register(wire, { description: "Needed, by this name or as `persona_id`" }),
  mapperId: idInput.optional().register(wire, { description: "Default: the persona's" }),
  personId: idInput.optional().register(wire, { description: "Default: the caller (`user:7`)" }),
  detailLevel: detailLevel.clone().register(wire, {
    description: "`instant`: the stored core alone. Default `balanced`",
  }),
  whenStale: whenStale.clone().register(wire, { description: "Default `regenerate`" }),
  persona_id: idInput.optional().register(wire, { description: "The same as `personaId`" }),
  mapper_id: idInput.optional().register(wire, { description: "The same as `mapperId`" }),
  person_id: idInput.optional().register(wire, { description: "The same as `personId`" }),
  detail_level: detailLevel.clone().register(wire, { description: "The same as `detailLevel`" }),
  when_stale: whenStale.clone().register(wire, { description: "The same as `whenStale`" }),
  context: z
    .string()
    .transform((text, { addIssue }) => {
      const read = table.safeParse(parsed(text));
      if (read.success) return read.data;
      addIssue({ code: "custom", message: "must be an object as JSON" });
      return z.NEVER;
    })
    .optional()
    .register(wire, { description: "What the context checks of rules read: an object as JSON" }),
  limit: decimal(z.int().min(0).max(100)).optional().register(wire, { description: "Most suggestions. Default 5" }),
  explain: flag.register(wire, { description: "Whether to tell of every rule why it fired or did not" }),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
