/** The definition of a persona as it is stored with its enrollment. */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import type { EnrollmentRow } from "../store/port.ts";
import type { PersonaSettings, Sleep } from "../types.ts";
import { settingsSchema, sleepSchema } from "./settings.ts";

interface Enrolled {
  readonly settings: PersonaSettings;
  /** It was enrolled with a function, which itself cannot be stored. */
  readonly hasFunction: boolean;
  /** Left out when it is awake. */
  readonly sleep?: Sleep | undefined;
  /** What is stored cannot be read; this stands in for it, and is not stored. */
  readonly isDamaged?: boolean;
}

/** Of a persona that was enrolled with a definition of its own. */
export interface InlineDefinition extends Enrolled {
  readonly source?: undefined;
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | undefined;
  readonly mapperId?: string | undefined;
}

/** Of a persona of the catalogue: what it is stands there. */
export interface CatalogueDefinition extends Enrolled {
  readonly source: "catalogue";
}

export type StoredDefinition = InlineDefinition | CatalogueDefinition;

export const AWAKE: Sleep = { mode: "active" };

const enrolled = {
  settings: settingsSchema,
  hasFunction: z.boolean().default(false),
  sleep: sleepSchema.optional(),
};

/** A definition of an earlier version has the defaults of whatever it does not know. */
const storedSchema = z.union([
  z.object({ source: z.literal("catalogue"), ...enrolled }),
  z.object({
    source: z.undefined().optional(),
    name: z.string(),
    instructions: z.string().default(""),
    model: z.string().optional(),
    mapperId: z.string().optional(),
    ...enrolled,
  }),
]);

/** Throws `enrollment_damaged`. */
export function storedDefinition({ id, definition }: EnrollmentRow): StoredDefinition {
  try {
    return storedSchema.parse(JSON.parse(definition));
  } catch (cause) {
    const message = `What ${id} was enrolled with is damaged in the store; enroll it again, and what it was sent is answered`;
    throw new PersonaError("enrollment_damaged", message, { cause });
  }
}

/** In place of a definition that is damaged: it keeps its inbox, and answers nothing. */
export function nothingKnown({ id }: EnrollmentRow): StoredDefinition {
  return { name: id, instructions: "", settings: settingsSchema.parse({}), hasFunction: true, isDamaged: true };
}
