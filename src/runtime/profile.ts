/** What a persona is at this moment: by its own definition, or by its entry in the catalogue. */
import type { PersonaEntry } from "../catalogue/schema.ts";
import type { Persona } from "./persona.ts";

export interface Profile {
  readonly name: string;
  /** Of the catalogue: what it is told is in its roles. */
  readonly instructions: string;
  readonly model?: string | undefined;
  readonly mapperId?: string | undefined;
}

export function profileOf(persona: Pick<Persona, "id" | "definition" | "directory" | "last">): Profile {
  const { definition, directory, id } = persona;
  if (definition.source !== "catalogue") return definition;
  const entry = entryOf(persona);
  const { display_name: name = id, model = directory.defaultModel, mapper_id: mapperId } = entry ?? {};
  return { name, instructions: "", model, mapperId };
}

/** The entry that an enrolled persona of the catalogue has, or had when it was deleted; undefined if nobody knows it. */
export function entryOf({ id, directory, last }: Pick<Persona, "id" | "directory" | "last">): PersonaEntry | undefined {
  return directory.catalogue.personas.find(id) ?? last;
}

/** Whether it is of the catalogue, and that has no entry for it that could be read. */
export function isAbsent(persona: Pick<Persona, "id" | "definition" | "directory" | "last">): boolean {
  return persona.definition.source === "catalogue" && entryOf(persona) === undefined;
}
