/** A narrative as it comes in, and as it is read: what somebody says of a person, or the person of itself. */
import * as z from "zod";
import { encodeId } from "../ids.ts";
import { textSchema } from "../inputs.ts";
import type { NarrativeRow } from "../store/mapping/port.ts";
import { wire } from "../wire.ts";
import { boundedObject } from "./bounded-json.ts";
import { personId } from "./observation.ts";

export const NARRATIVE_TYPES = ["self_observation", "curation"] as const satisfies readonly NarrativeRow["type"][];
export const narrativeType = z.enum(NARRATIVE_TYPES);

/** Of its metadata. */
const BOUNDS = { bytes: 16_384, depth: 8, fields: 200 };

export const narrativeSchema = z
  .strictObject({
    person_id: personId.exactOptional().register(wire, { description: "Default: the caller" }),
    type: narrativeType.default("self_observation"),
    text: textSchema
      .refine((text) => text.trim() !== "", "must not be blank")
      .register(wire, { description: "At most 64 KiB" }),
    metadata: boundedObject(BOUNDS).default({}),
  })
  .register(wire, { id: "NewNarrative" });

export const narrativeView = z
  .object({
    id: z.string(),
    person_id: z.string(),
    type: narrativeType,
    text: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    created_by: z.string(),
    created_at: z.int().register(wire, { description: "Milliseconds since 1970" }),
  })
  .register(wire, { id: "Narrative", description: "What somebody says of a person, or the person of itself" });

/** Of an answer that narratives were searched for. */
export const wordsOnlySchema = z.literal(true).optional().register(wire, {
  description:
    "Narratives were found by their words only: the model that embeds them failed, or took more than a second to say what was looked for. What it says later counts for who asks again",
});

export type Narrative = z.output<typeof narrativeView>;

export function narrativeOf(row: NarrativeRow, salt: number): Narrative {
  return {
    id: encodeId("narrative", row.key, salt),
    person_id: row.person,
    type: row.type,
    text: row.text,
    metadata: metadataOf(row),
    created_by: row.by,
    created_at: row.createdAt,
  };
}

/** What cannot be read is left out: the text is what counts. */
function metadataOf({ metadata }: NarrativeRow): Narrative["metadata"] {
  try {
    const value: unknown = JSON.parse(metadata);
    return typeof value === "object" && value !== null ? (value as Narrative["metadata"]) : {};
  } catch {
    return {};
  }
}
