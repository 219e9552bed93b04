/** A mindscape as it is stored, and as it is shown. */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import type { MindscapeHistoryRow, MindscapeRow } from "../store/mapping/port.ts";
import { wire } from "../wire.ts";
import type { Mind, TraitChanges } from "./digest.ts";
import { type Traits, traitSchema } from "./trait.ts";

const time = z.int().register(wire, { description: "Milliseconds since 1970" });
const byPath = z.record(z.string(), traitSchema).readonly().register(wire, { description: "By dotted path" });

export const mindscapeSchema = z
  .object({
    person_id: z.string(),
    version: z.int().min(1).register(wire, { description: "Counts the writes" }),
    traits: byPath,
    created_at: time,
    updated_at: time,
  })
  .register(wire, { id: "Mindscape" });

export type Mindscape = Readonly<Omit<z.output<typeof mindscapeSchema>, "traits">> & { readonly traits: Traits };

const changed = z.object({ before: traitSchema.nullable(), after: traitSchema.nullable() });

export const mindscapeChangeSchema = z
  .object({
    version: z.int().min(1).register(wire, { description: "That it made" }),
    cause: z.enum(["digest", "curation", "feedback"]),
    by: z.string().register(wire, { description: "Who did it: a user, or an agent" }),
    at: time,
    changes: z
      .record(z.string(), changed)
      .readonly()
      .register(wire, { description: "By path; null where there is none" }),
    damaged: z
      .literal(true)
      .exactOptional()
      .register(wire, { description: "What is stored of it cannot be read: it is without changes" }),
  })
  .register(wire, { id: "MindscapeChange" });

export type MindscapeChangeView = Readonly<Omit<z.output<typeof mindscapeChangeSchema>, "changes">> & {
  readonly changes: TraitChanges;
};

const memorySchema = z.record(z.string(), z.looseObject({}));

/** Throws `mindscape_damaged` for what cannot be read; a further write would make it worse. */
export function mindOf(row: Pick<MindscapeRow, "traits" | "state"> | undefined): Mind {
  if (row === undefined) return { traits: {}, memory: {} };
  return {
    traits: read(byPath, row.traits) as Traits,
    memory: read(memorySchema, row.state) as Mind["memory"],
  };
}

export function mindscapeOf(row: MindscapeRow): Mindscape {
  const { person, version, createdAt, updatedAt } = row;
  const times = { created_at: createdAt, updated_at: updatedAt };
  return { person_id: person, version, traits: mindOf(row).traits, ...times };
}

/** One that cannot be read hides no other. */
export function changeOf({ version, cause, by, at, changes }: MindscapeHistoryRow): MindscapeChangeView {
  try {
    return { version, cause, by, at, changes: read(z.record(z.string(), changed), changes) as TraitChanges };
  } catch {
    return { version, cause, by, at, changes: {}, damaged: true };
  }
}

function read(schema: z.ZodType, text: string): unknown {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const message = "What is stored of this mindscape cannot be read. Erase the person, or restore the database.";
    throw new PersonaError("mindscape_damaged", message, { cause });
  }
}
