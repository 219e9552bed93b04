/** Where the cases of `reading.ts` read: the catalogue, and what one writes first. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { memoryPersister } from "../../src/catalogue/memory-persister.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { resolve } from "../../src/catalogue/resolve.ts";
import {
  type PersonaEntry,
  personaSchema,
  type RoleEntry,
  roleSchema,
  type SequenceEntry,
  sequenceSchema,
} from "../../src/catalogue/schema.ts";
import { systemClock } from "../../src/clock.ts";
import type { entriesFor } from "./entries.ts";

type Entries = ReturnType<typeof entriesFor>;

export interface Shelf {
  resolve(persona: string): { readonly persona_id: string; readonly system_prompt?: string | undefined };
  find(persona: string): { readonly id: string } | undefined;
  list(after: string, limit: number): readonly { readonly id: string }[];
}

export const SHELVES = { catalogue, map, table } as const;

async function catalogue({ personas, roles, sequences }: Entries): Promise<Shelf> {
  const row = ({ id, ...fields }: { readonly id: string }) => ({
    tenant: "default",
    id,
    version: 1,
    body: { id, ...fields },
    reset: false,
    createdAt: 0,
    updatedAt: 0,
  });
  const loaded = (entries: readonly { readonly id: string }[]) => async () => ({ rows: entries.map(row), damaged: [] });
  const { tenant, notes } = await createCatalogue({
    clock: systemClock(),
    persister: {
      ...memoryPersister(),
      loadPersonas: loaded(personas),
      loadRoles: loaded(roles),
      loadSequences: loaded(sequences),
    },
  });
  if (notes.length > 0) throw new Error(notes[0]?.reason);
  const all = tenant("default");
  return {
    resolve: (persona_id) => resolve(all, { persona_id }),
    find: (id) => all.personas.find(id),
    list: (after, limit) => all.personas.list({ after, limit }),
  };
}

/** Maps of what was in a JSON file. A copy is handed out, so that nobody changes the original. */
async function map(entries: Entries, folder: string): Promise<Shelf> {
  const file = join(folder, "catalogue.json");
  writeFileSync(file, JSON.stringify(entries));
  const read: Entries = JSON.parse(readFileSync(file, "utf8"));
  const byId = <Entry extends { readonly id: string }>(list: readonly Entry[]) =>
    new Map(list.map((one) => [one.id, one]));
  const [personas, roles, sequences] = [byId(read.personas), byId(read.roles), byId(read.sequences)];
  return {
    resolve(id) {
      const persona = structuredClone(personas.get(id));
      if (persona === undefined) throw new Error("persona_not_found");
      const role = structuredClone(roles.get(persona.default_role ?? ""));
      const sequence = structuredClone(sequences.get(persona.default_sequence ?? ""));
      return resolved(persona as PersonaEntry, role as RoleEntry, sequence as SequenceEntry);
    },
    find: (id) => structuredClone(personas.get(id)),
    list: (after, limit) =>
      [...personas.values()]
        .sort((one, other) => (one.id < other.id ? -1 : 1))
        .filter(({ id }) => id > after)
        .slice(0, limit)
        .map((one) => structuredClone(one)),
  };
}

/** A table with a JSON column. Whoever reads a row parses and checks it. */
async function table(entries: Entries, folder: string): Promise<Shelf> {
  const database = new Database(join(folder, "catalogue.db"));
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE entry (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id)) STRICT");
  const insert = database.prepare("INSERT INTO entry VALUES (?, ?, ?)");
  database.transaction(() => {
    for (const [kind, list] of Object.entries(entries)) {
      for (const entry of list) insert.run(kind, entry.id, JSON.stringify(entry));
    }
  })();
  const one = database.prepare("SELECT body FROM entry WHERE kind = ? AND id = ?").pluck();
  const page = database.prepare("SELECT body FROM entry WHERE kind = ? AND id > ? ORDER BY id LIMIT ?").pluck();
  const persona = (body: unknown) => personaSchema.parse(JSON.parse(String(body))) as PersonaEntry;
  return {
    resolve(id) {
      const found = persona(one.get("personas", id));
      const role = roleSchema.parse(JSON.parse(String(one.get("roles", found.default_role))));
      const sequence = sequenceSchema.parse(JSON.parse(String(one.get("sequences", found.default_sequence))));
      return resolved(found, role as RoleEntry, sequence as SequenceEntry);
    },
    find: (id) => persona(one.get("personas", id)),
    list: (after, limit) => page.all("personas", after, limit).map(persona),
  };
}

/** What the peers make of the three: the prompt of the first step, no provenance, nothing from defaults. */
function resolved(persona: PersonaEntry, role: RoleEntry, { steps: [step] }: SequenceEntry) {
  return {
    ...role,
    persona_id: persona.id,
    system_prompt: `${role.system_prompt}\n\n[Current step: ${step?.id}]\n${step?.instruction}`,
    current_step: step,
  };
}
