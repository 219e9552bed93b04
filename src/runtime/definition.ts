/** The definition of a persona as it is stored with its enrollment. */
import { PersonaError } from "../errors.ts";
import type { EnrollmentRow } from "../store/port.ts";
import type { PersonaSettings, Sleep } from "../types.ts";
import { settingsSchema } from "./settings.ts";

interface Enrolled {
  readonly settings: PersonaSettings;
  /** It was enrolled with a function, which itself cannot be stored. */
  readonly hasFunction: boolean;
  /** Left out when it is awake. */
  readonly sleep?: Sleep | undefined;
}

/** Of a persona that was enrolled with a definition of its own. */
export interface InlineDefinition extends Enrolled {
  readonly source?: undefined;
  readonly name: string;
  readonly instructions: string;
  readonly model?: string | undefined;
}

/** Of a persona of the catalogue: what it is stands there. */
export interface CatalogueDefinition extends Enrolled {
  readonly source: "catalogue";
}

export type StoredDefinition = InlineDefinition | CatalogueDefinition;

export const AWAKE: Sleep = { mode: "active" };

/** A definition of an earlier version has the defaults of whatever it does not know. */
export function storedDefinition({ id, definition }: EnrollmentRow): StoredDefinition {
  try {
    const stored = JSON.parse(definition) as StoredDefinition;
    return { ...stored, settings: settingsSchema.parse(stored.settings) };
  } catch (cause) {
    throw new PersonaError("store_corrupt", `The definition of ${id} is damaged; restore the database from a backup`, {
      cause,
    });
  }
}
