/** The catalogue in memory, over a persister. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { PersonaWarning } from "../types.ts";
import { builtInCast } from "./cast/cast.ts";
import type { Catalogue, CatalogueFile, CatalogueNote, FileEntry, TenantCatalogue } from "./catalogue.ts";
import { type Body, FORMS, referencesOf } from "./check.ts";
import { LayeredCollection, type Shelf } from "./collection.ts";
import { Layers, Seeds, type Written } from "./layers.ts";
import { Locks } from "./locks.ts";
import { memoryPersister } from "./memory-persister.ts";
import type { Persister } from "./port.ts";
import { FUNCTIONS, type Rows, rowsOf } from "./rows.ts";
import { ENTRY_KINDS, type EntryKind, type EntrySource } from "./schema.ts";

export interface CatalogueOptions {
  readonly clock: Clock;
  /** Default: what is written lives as long as the catalogue. */
  readonly persister?: Persister;
  readonly seeds?: CatalogueFile;
  /** Whether the built-in cast lies beneath. Default false. */
  readonly builtIn?: boolean;
  /** Default true. */
  readonly writes?: boolean;
  /** Told of each note. */
  readonly onWarning?: (warning: PersonaWarning) => void;
}

type PerKind<Of extends { readonly [Kind in EntryKind]: unknown }> = { readonly [Kind in EntryKind]: Of[Kind] };
type SeedsOf = PerKind<{ [Kind in EntryKind]: Seeds<Kind> }>;
type LayersOf = PerKind<{ [Kind in EntryKind]: Layers<Kind> }>;

/**
 * Loads what is stored. Throws `invalid_input` for a persister that is none, and what it rejects with if it cannot load.
 * What was found wrong with single entries is in the notes, and keeps nobody else out.
 */
export async function createCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const { clock, persister = memoryPersister(), seeds: file, builtIn = false, writes = true } = options;
  assertPersister(persister);
  const layers = [
    ...(builtIn ? [["builtin", builtInCast()] as const] : []),
    ...(file ? [["toml", file] as const] : []),
  ];
  const { seeds, notes } = seedsOf(layers);
  const rows = {
    persona: rowsOf(persister, "persona"),
    role: rowsOf(persister, "role"),
    sequence: rowsOf(persister, "sequence"),
  };
  const tenants = new Map<string, Tenant>();
  const tenant = (name: string): Tenant => {
    const known = tenants.get(name) ?? tenantOf({ tenant: name, clock, writable: writes, rows }, seeds);
    tenants.set(name, known);
    return known;
  };
  for (const kind of ENTRY_KINDS) await load(kind, rows[kind], (name) => tenant(name).layers, notes);
  for (const [name, { layers }] of tenants) notes.push(...dangling(name, layers));
  for (const note of notes) options.onWarning?.({ code: "catalogue_entry", message: inWords(note) });
  return {
    notes,
    tenant: (name) => tenant(name).catalogue,
    get tenants() {
      return [...tenants.keys()];
    },
  };
}

interface Tenant {
  readonly layers: LayersOf;
  readonly catalogue: TenantCatalogue;
}

function tenantOf(common: Omit<Shelf, "locks" | "layers">, seeds: SeedsOf): Tenant {
  const layers: LayersOf = {
    persona: new Layers("persona", seeds.persona),
    role: new Layers("role", seeds.role),
    sequence: new Layers("sequence", seeds.sequence),
  };
  const shelf: Shelf = { ...common, locks: new Locks(), layers };
  return {
    layers,
    catalogue: {
      writable: shelf.writable,
      personas: new LayeredCollection("persona", shelf),
      roles: new LayeredCollection("role", shelf),
      sequences: new LayeredCollection("sequence", shelf),
    },
  };
}

/** The later layer wins, and can delete what is beneath. A persona that refers to what is in no layer is left out. */
function seedsOf(given: readonly (readonly [EntrySource, CatalogueFile])[]) {
  const layers = given.map(([source, file], index) => {
    const deleted = new Set(given.slice(index + 1).flatMap(([, above]) => above.deleted.map(nameOf)));
    const entries = file.entries.filter(({ kind, body }) => !deleted.has(nameOf({ kind, id: body.id })));
    return [source, { ...file, entries }] as const;
  });
  const all = layers.flatMap(([, { entries }]) => entries);
  const ids = { role: idsOf(all, "role"), sequence: idsOf(all, "sequence") };
  const notes = layers.flatMap(([, file]) => file.notes);
  const seeds: { source: EntrySource; entry: FileEntry }[] = [];
  for (const [source, { name, entries }] of layers) {
    for (const entry of entries) {
      const missing = referencesOf(entry.kind === "persona" ? entry.body : undefined).filter(
        ({ kind, id }) => !ids[kind].has(id),
      );
      if (missing.length === 0) seeds.push({ source, entry });
      for (const { field, kind, id } of missing) {
        const reason = `${field}: names the ${kind} "${id}", which does not exist`;
        notes.push({ file: name, table: "personas", id: entry.body.id, line: entry.line, reason });
      }
    }
  }
  const of = <Kind extends EntryKind>(kind: Kind) =>
    new Seeds(
      kind,
      seeds
        .filter(({ entry }) => entry.kind === kind)
        .map(({ source, entry }) => ({ source, body: entry.body as Body<Kind> })),
    );
  return { seeds: { persona: of("persona"), role: of("role"), sequence: of("sequence") }, notes };
}

const nameOf = ({ kind, id }: { readonly kind: EntryKind; readonly id: string }) => `${kind}/${id}`;

function idsOf(entries: readonly FileEntry[], kind: EntryKind): ReadonlySet<string> {
  return new Set(entries.filter((entry) => entry.kind === kind).map(({ body }) => body.id));
}

async function load(
  kind: EntryKind,
  stored: Rows,
  layersOf: (tenant: string) => LayersOf,
  notes: CatalogueNote[],
): Promise<void> {
  const { rows, damaged } = await stored.load();
  const tenants = new Map<string, [id: string, Written<EntryKind>][]>();
  for (const row of [...rows, ...damaged]) {
    const written = layersOf(row.tenant)[kind].read(row);
    const others = tenants.get(row.tenant);
    if (others === undefined) tenants.set(row.tenant, [[row.id, written]]);
    else others.push([row.id, written]);
    if (written.damage === undefined) continue;
    const { tenant, id } = row;
    notes.push({ file: "store", table: FORMS[kind].table, id, tenant, line: undefined, reason: written.damage });
  }
  for (const [tenant, written] of tenants) (layersOf(tenant)[kind] as Layers<EntryKind>).fill(written);
}

/** What refers to nothing: somebody forced that, or what was seeded has changed. It stays, and cannot be resolved. */
function dangling(tenant: string, layers: LayersOf): CatalogueNote[] {
  const notes: CatalogueNote[] = [];
  for (const persona of layers.persona.behind("")) {
    for (const { field, kind, id } of referencesOf(persona)) {
      if (layers[kind].find(id) !== undefined) continue;
      const reason = `${field}: names the ${kind} "${id}", which does not exist`;
      notes.push({ file: "store", table: "personas", id: persona.id, tenant, line: undefined, reason });
    }
  }
  return notes;
}

function inWords({ file, table, id, tenant, line, reason }: CatalogueNote): string {
  const place = line === undefined ? file : `${file}, line ${line}`;
  const entry = table === undefined ? [] : [id === undefined ? table : `${table} "${id}"`];
  const whose = tenant === undefined ? [] : [`tenant "${tenant}"`];
  return [place, ...whose, ...entry, reason].join(": ");
}

function assertPersister(persister: Persister): void {
  const given = (persister ?? {}) as unknown as Readonly<Record<string, unknown>>;
  const missing = Object.values(FUNCTIONS)
    .flat()
    .filter((name) => typeof given[name] !== "function");
  if (missing.length === 0) return;
  const fields = missing.map((name) => ({ field: `persister.${name}`, message: "must be a function" }));
  throw new PersonaError("invalid_input", `The persister is none: it lacks ${missing.join(", ")}.`, { fields });
}
