/** Entries as a catalogue gives them, and the little of one that resolving needs. */
import { checkEntry, entryOf } from "../../src/catalogue/check.ts";
import { type ResolveLookup, type ResolveRequest, resolve } from "../../src/catalogue/resolve.ts";
import type { ResolveDefaults, ResolvedSession } from "../../src/catalogue/resolved-session.ts";
import type {
  EntryKind,
  EntryOf,
  PersonaEntry,
  PersonaInput,
  RoleEntry,
  RoleInput,
  SequenceEntry,
  SequenceInput,
} from "../../src/catalogue/schema.ts";
import { PersonaError } from "../../src/errors.ts";

function made<Kind extends EntryKind>(kind: Kind, input: unknown, version: number): EntryOf[Kind] {
  const { body, faults } = checkEntry(kind, input);
  if (body === undefined) throw new Error(faults.map(({ field, message }) => `${field} ${message}`).join("; "));
  return entryOf(kind, body, { version, source: "store", created_at: 1, updated_at: 2 });
}

export const personaOf = (input: Partial<PersonaInput> = {}, version = 3): PersonaEntry =>
  made("persona", { id: "ada", display_name: "Ada", ...input }, version);

export const roleOf = (input: Partial<RoleInput> = {}, version = 5): RoleEntry =>
  made("role", { id: "guide", display_name: "Guide", system_prompt: "Guide them.", ...input }, version);

export const sequenceOf = (input: Partial<SequenceInput> = {}, version = 7): SequenceEntry =>
  made("sequence", { id: "tour", display_name: "Tour", steps: steps(3), ...input }, version);

/** `s0`, `s1`, … */
export const steps = (count: number, each: Partial<SequenceInput["steps"][number]> = {}): SequenceInput["steps"] =>
  Array.from({ length: count }, (_, n) => ({ id: `s${n}`, instruction: `Do ${n}.`, ...each }));

export function catalogueOf(...entries: readonly (PersonaEntry | RoleEntry | SequenceEntry)[]): ResolveLookup {
  const find = <Entry>(kind: "persona" | "role" | "sequence", mark: string) => ({
    get(id: string): Entry {
      const entry = entries.find((one) => one.id === id && mark in one);
      if (entry === undefined) throw new PersonaError(`${kind}_not_found`, `There is no ${kind} "${id}"`);
      return entry as Entry;
    },
  });
  return {
    personas: find<PersonaEntry>("persona", "traits"),
    roles: find<RoleEntry>("role", "system_prompt"),
    sequences: find<SequenceEntry>("sequence", "steps"),
  };
}

/** Ada as a guide on a tour, as far as these are given. */
export function sessionOf(
  inputs: { persona?: Partial<PersonaInput>; role?: Partial<RoleInput>; sequence?: Partial<SequenceInput> },
  request: Partial<ResolveRequest> = {},
  defaults: ResolveDefaults = {},
): ResolvedSession {
  const { persona, role, sequence } = inputs;
  const entries = [
    personaOf({
      ...(role && { default_role: "guide" }),
      ...(sequence && { default_sequence: "tour" }),
      ...persona,
    }),
    ...(role ? [roleOf(role)] : []),
    ...(sequence ? [sequenceOf(sequence)] : []),
  ];
  return resolve(catalogueOf(...entries), { persona_id: "ada", ...request }, defaults);
}
