/** What the catalogue does over every persister. */
import { describe, expect, it } from "vitest";
import type { TenantCatalogue } from "../../src/catalogue/catalogue.ts";
import type { Persister } from "../../src/catalogue/port.ts";
import { type CatalogueOptions, createCatalogue } from "../../src/catalogue/registry.ts";
import { ManualClock } from "../../src/clock.ts";
import { PersonaError } from "../../src/errors.ts";
import { aFile, aPersona, aRole, aSequence, aStep } from "./samples.ts";

/** A place where entries are kept, which outlives the catalogues over it. */
export interface Place {
  /** As a process finds it that starts now; a persister given before is not used any more. */
  open(): Promise<Persister>;
}

export async function refused(call: Promise<unknown>): Promise<PersonaError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PersonaError) return error;
  throw new Error(`Not refused: ${error}`);
}

const codeOf = async (call: Promise<unknown>) => (await refused(call)).code;
const fieldsOf = async (call: Promise<unknown>) => (await refused(call)).fields.map(({ field }) => field);
const idsOf = (entries: readonly { readonly id: string }[]) => entries.map(({ id }) => id);

const SEEDS = aFile([
  ["persona", aPersona({ id: "ada", display_name: "Seeded", default_role: "triage" })],
  ["role", aRole()],
  ["sequence", aSequence()],
]);

/** Runs the cases; each asks for a place of its own. */
export function behavesAsACatalogue(place: () => Promise<Place>): void {
  const opened = async (options: Partial<CatalogueOptions> = {}) => {
    const where = await place();
    const clock = new ManualClock(1_000);
    const start = async (more: Partial<CatalogueOptions> = {}) => {
      const catalogue = await createCatalogue({ clock, persister: await where.open(), ...options, ...more });
      return { catalogue, ...catalogue.tenant("default"), other: catalogue.tenant("other") };
    };
    return { ...(await start()), clock, restart: start };
  };

  describe("one entry", () => {
    it("is created, read, replaced and deleted, and counts its versions", async () => {
      const { personas, clock } = await opened();
      const created = await personas.create(aPersona({ description: "First." }));
      expect(created).toMatchObject({ version: 1, source: "store", created_at: 1_000, updated_at: 1_000 });
      clock.advance(5);
      const { entry, created: isNew } = await personas.put("ada", aPersona());
      expect(isNew).toBe(false);
      expect(entry).toMatchObject({ version: 2, created_at: 1_000, updated_at: 1_005 });
      expect(entry).not.toHaveProperty("description");
      expect(personas.get("ada")).toEqual(entry);
      await personas.delete("ada");
      expect(personas.find("ada")).toBeUndefined();
      expect(() => personas.get("ada")).toThrow(expect.objectContaining({ code: "persona_not_found" }));
      expect(await codeOf(personas.delete("ada"))).toBe("persona_not_found");
    });

    it("never has a version twice, also over deletes and restarts", async () => {
      const { personas, restart } = await opened();
      await personas.create(aPersona());
      await personas.delete("ada");
      const { personas: again } = await restart();
      expect(again.find("ada")).toBeUndefined();
      expect(await again.create(aPersona())).toMatchObject({ version: 3 });
    });

    it("is the same after a restart, in all its fields", async () => {
      const { personas, roles, sequences, restart } = await opened();
      const role = await roles.create(
        aRole({ automatic_activity_detection: false, temperature: 0, vad_prefix_padding_ms: 0, tool_allowlist: [] }),
      );
      const sequence = await sequences.create(
        aSequence({ completion: "max_turns", max_turns: 3, steps: [aStep({ require_tools: ["look_up"] })] }),
      );
      const persona = await personas.create(
        aPersona({
          default_role: "triage",
          default_sequence: "call",
          tags: ["ü", "\u0000"],
          metadata: { constructor: "x", "a b": "" },
          voice: "kore",
          description: "\u{1f600} 'quoted' \\ \"text\"\n",
        }),
      );
      const after = await restart();
      expect(after.personas.get("ada")).toEqual(persona);
      expect(after.roles.get("triage")).toEqual(role);
      expect(after.sequences.get("call")).toEqual(sequence);
      expect(after.catalogue.notes).toEqual([]);
    });

    it("is frozen, and no copy of it reaches what is kept", async () => {
      const { personas } = await opened();
      const input = aPersona({ tags: ["a"] });
      const entry = await personas.create(input);
      (input as unknown as { tags: string[] }).tags.push("b");
      expect(() => (entry.tags as string[]).push("b")).toThrow(TypeError);
      expect(() => Object.assign(entry.traits, { openness: 1 })).toThrow(TypeError);
      expect(personas.get("ada").tags).toEqual(["a"]);
    });

    it("is not created over another one, be it stored or seeded", async () => {
      const { personas } = await opened({ seeds: SEEDS });
      await personas.create(aPersona({ id: "bob" }));
      expect(await codeOf(personas.create(aPersona({ id: "bob" })))).toBe("already_exists");
      expect(await codeOf(personas.create(aPersona({ id: "ada" })))).toBe("already_exists");
      expect(personas.get("ada").display_name).toBe("Seeded");
    });

    it("is refused with every broken field, and nothing is written", async () => {
      const { personas, restart } = await opened();
      const broken = aPersona({ display_name: " ", default_role: "nobody", version: 7, nonsense: 1 });
      expect(await fieldsOf(personas.create(broken))).toEqual(["display_name", "nonsense", "version", "default_role"]);
      expect(await codeOf(personas.create(broken))).toBe("invalid_persona");
      expect((await restart()).personas.size).toBe(0);
    });

    it("is refused with any id that is none", async () => {
      const { personas } = await opened();
      for (const id of [undefined, null, 7, {}, { toString: 1, valueOf: 1 }, ["ada"], "", "A", "a/b", "__proto__"]) {
        expect(await fieldsOf(personas.create({ ...aPersona(), id }))).toEqual(["id"]);
      }
      expect(personas.size).toBe(0);
    });

    it("may not be written under another id than its own", async () => {
      const { roles } = await opened();
      expect(await fieldsOf(roles.put("other", aRole()))).toEqual(["id"]);
      const { id: _, ...rest } = aRole();
      expect(await roles.put("other", rest)).toMatchObject({ created: true, entry: { id: "other" } });
      expect(await fieldsOf(roles.patch("other", { id: "third" }))).toEqual(["id"]);
      expect(await fieldsOf(roles.put("a/b", rest))).toEqual(["id"]);
    });
  });

  describe("what the server sets", () => {
    it("may be sent unchanged, as one does that was read and edited", async () => {
      const { personas } = await opened();
      const read = await personas.create(aPersona({ voice: "kore" }));
      const { entry } = await personas.put("ada", { ...read, display_name: "Ada L." }, { ifVersion: 1 });
      expect(entry).toMatchObject({ display_name: "Ada L.", version: 2, source: "store", voice: "kore" });
    });

    it.each([
      ["version", 2],
      ["source", "toml"],
      ["created_at", 1],
      ["updated_at", 1],
    ])("may not be changed: %s", async (field, value) => {
      const { personas, restart } = await opened();
      const read = await personas.create(aPersona());
      const changed = { ...read, display_name: "Other", [field]: value };
      expect(await fieldsOf(personas.put("ada", changed))).toEqual([field]);
      expect(await fieldsOf(personas.patch("ada", { [field]: value }))).toEqual([field]);
      expect(await fieldsOf(personas.create({ ...aPersona({ id: "new" }), [field]: value }))).toEqual([field]);
      const after = await restart();
      expect(after.personas.get("ada")).toEqual(read);
      expect(after.personas.size).toBe(1);
    });
  });

  describe("a merge patch", () => {
    it("changes what it names, removes what is null, and leaves the rest", async () => {
      const { personas } = await opened();
      await personas.create(
        aPersona({ description: "d", tags: ["a", "b"], metadata: { x: "1", y: "2" }, traits: { openness: 1 } }),
      );
      const patched = await personas.patch("ada", {
        description: null,
        tags: ["c"],
        metadata: { x: null, z: "3" },
        traits: { formality: 0 },
      });
      expect(patched).toMatchObject({
        display_name: "Ada",
        tags: ["c"],
        metadata: { y: "2", z: "3" },
        traits: { openness: 1, formality: 0 },
        version: 2,
      });
      expect(patched).not.toHaveProperty("description");
    });

    it("of `voice` is one of `voice_model.voice_id`", async () => {
      const { personas } = await opened();
      await personas.create(aPersona({ voice_model: { voice_id: "kore", speed: 1.5 } }));
      expect(await personas.patch("ada", { voice: "puck" })).toMatchObject({
        voice: "puck",
        voice_model: { voice_id: "puck", speed: 1.5 },
      });
      expect(await personas.patch("ada", { voice_model: { voice_id: "zoe" } })).toMatchObject({ voice: "zoe" });
      const mute = await personas.patch("ada", { voice: null });
      expect(mute).not.toHaveProperty("voice");
      expect(mute.voice_model).toEqual({ speed: 1.5 });
    });

    it("that makes it invalid changes nothing", async () => {
      const { roles } = await opened();
      const before = await roles.create(aRole());
      expect(await fieldsOf(roles.patch("triage", { system_prompt: null, temperature: 3 }))).toEqual([
        "system_prompt",
        "temperature",
      ]);
      expect(await fieldsOf(roles.patch("triage", JSON.parse('{"__proto__":{"x":1}}')))).toEqual(["__proto__"]);
      expect(await fieldsOf(roles.patch("triage", ["x"]))).toEqual(["role"]);
      const deep = JSON.parse(`${'{"locale":'.repeat(10_000)}1${"}".repeat(10_000)}`);
      expect(await fieldsOf(roles.patch("triage", deep))).toEqual(["locale"]);
      expect(roles.get("triage")).toBe(before);
      expect(await codeOf(roles.patch("nobody", {}))).toBe("role_not_found");
    });
  });

  describe("versions", () => {
    it("are demanded as they were read", async () => {
      const { personas } = await opened();
      await personas.create(aPersona());
      await personas.put("ada", aPersona(), { ifVersion: 1 });
      for (const change of [
        personas.put("ada", aPersona(), { ifVersion: 1 }),
        personas.patch("ada", {}, { ifVersion: 3 }),
        personas.delete("ada", { ifVersion: 1 }),
        personas.reset("ada", { ifVersion: 1 }),
        personas.put("ada", aPersona(), { ifVersion: "none" }),
        personas.put("bob", aPersona({ id: "bob" }), { ifVersion: "any" }),
        personas.put("bob", aPersona({ id: "bob" }), { ifVersion: 0 }),
      ]) {
        expect(await codeOf(change)).toBe("version_conflict");
      }
      expect(personas.get("ada").version).toBe(2);
      await personas.put("bob", aPersona({ id: "bob" }), { ifVersion: "none" });
      await personas.delete("ada", { ifVersion: 2 });
    });

    it("of a stale body are not held against it: the version is what is wrong", async () => {
      const { personas } = await opened();
      const read = await personas.create(aPersona());
      await personas.put("ada", aPersona());
      expect(await codeOf(personas.put("ada", { ...read, display_name: "Late" }, { ifVersion: 1 }))).toBe(
        "version_conflict",
      );
    });

    it("let exactly one of 64 simultaneous writers win", async () => {
      const { personas, restart } = await opened();
      await personas.create(aPersona());
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, (_, writer) =>
          personas.put("ada", aPersona({ display_name: `Writer ${writer}` }), { ifVersion: 1 }),
        ),
      );
      const won = results.filter((result) => result.status === "fulfilled");
      const lost = results.filter((result) => result.status === "rejected");
      expect(won).toHaveLength(1);
      expect(lost.map(({ reason }) => reason.code)).toEqual(Array(63).fill("version_conflict"));
      expect((await restart()).personas.get("ada")).toEqual(won[0]?.value.entry);
    });

    it("let exactly one of 64 create it, and the others have it there", async () => {
      const { personas } = await opened();
      const results = await Promise.allSettled(Array.from({ length: 64 }, () => personas.create(aPersona())));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(personas.get("ada").version).toBe(1);
    });
  });

  describe("layers", () => {
    it("win from built-in over the seed file to what was written, also after a restart", async () => {
      const { personas, restart } = await opened({ seeds: SEEDS });
      const seed = personas.get("ada");
      // No start is the time of a seed: its tag would be another one after each.
      expect(seed).toMatchObject({ display_name: "Seeded", version: 0, source: "toml", created_at: 0, updated_at: 0 });
      const written = await personas.patch("ada", { display_name: "Written" }, { ifVersion: 0 });
      expect(written).toMatchObject({ version: 1, source: "store", created_at: 1_000 });
      const after = await restart();
      expect(after.personas.get("ada")).toEqual(written);
      expect(after.other.personas.get("ada")).toMatchObject({ display_name: "Seeded", version: 0 });
    });

    it("keep a seed deleted, until it is reset", async () => {
      const { personas, restart } = await opened({ seeds: SEEDS });
      await personas.delete("ada", { ifVersion: 0 });
      const after = await restart();
      expect(after.personas.find("ada")).toBeUndefined();
      expect(after.personas.list()).toEqual([]);
      expect(await after.personas.reset("ada")).toMatchObject({ display_name: "Seeded", source: "toml", version: 2 });
      const again = await restart();
      expect(again.personas.get("ada")).toMatchObject({ display_name: "Seeded", source: "toml", version: 2 });
      expect(await again.personas.patch("ada", { display_name: "Third" }, { ifVersion: 2 })).toMatchObject({
        version: 3,
      });
    });

    it("are named while they are deleted, and what was written over nothing is not", async () => {
      const { personas, roles, other, restart } = await opened({ seeds: SEEDS });
      await personas.delete("ada");
      await roles.create(aRole({ id: "mine" }));
      await roles.delete("mine");
      expect([personas.deleted(), roles.deleted(), other.personas.deleted()]).toEqual([["ada"], [], []]);
      const after = await restart();
      expect(after.personas.deleted()).toEqual(["ada"]);
      await after.personas.reset("ada");
      expect(after.personas.deleted()).toEqual([]);
    });

    it("show the seed of today under what was reset", async () => {
      const { personas, restart } = await opened({ seeds: SEEDS });
      await personas.patch("ada", { display_name: "Written" });
      await personas.reset("ada", { ifVersion: 1 });
      const seeds = aFile([["persona", aPersona({ display_name: "Seeded anew" })]]);
      expect((await restart({ seeds })).personas.get("ada")).toMatchObject({ display_name: "Seeded anew", version: 2 });
      const bare = await restart({ seeds: aFile([]) });
      expect(bare.personas.find("ada")).toBeUndefined();
      expect(bare.personas.size).toBe(0);
    });

    it("have nothing to reset where nothing was written or seeded", async () => {
      const { personas } = await opened({ seeds: SEEDS });
      expect(await personas.reset("ada")).toBe(personas.get("ada"));
      await personas.patch("ada", {});
      expect(await personas.reset("ada")).toMatchObject({ source: "toml", version: 2 });
      expect(await personas.reset("ada")).toBe(personas.get("ada"));
      expect(await codeOf(personas.reset("nobody"))).toBe("persona_not_found");
      await personas.create(aPersona({ id: "bob" }));
      expect(await personas.reset("bob", { ifVersion: 1 })).toBeUndefined();
      expect(personas.find("bob")).toBeUndefined();
      expect(await codeOf(personas.reset("bob"))).toBe("persona_not_found");
    });

    it("of the store belong to one tenant, under ids that others may have, too", async () => {
      const { personas, other, restart } = await opened();
      await personas.create(aPersona({ display_name: "Ours" }));
      expect(other.personas.find("ada")).toBeUndefined();
      await other.personas.create(aPersona({ display_name: "Theirs" }));
      await personas.delete("ada");
      const after = await restart();
      expect(after.personas.size).toBe(0);
      expect(after.other.personas.list()).toMatchObject([{ display_name: "Theirs", version: 1 }]);
    });
  });

  describe("lists", () => {
    it("are sorted by id, in pages, and empty rather than absent", async () => {
      const { roles, personas, restart } = await opened({
        seeds: aFile(["m", "c", "x"].map((id) => ["persona", aPersona({ id })])),
      });
      expect(roles.list()).toEqual([]);
      for (const id of ["z", "b", "d-1", "a", "d.1", "d_1", "1"]) await personas.create(aPersona({ id }));
      await personas.put("m", aPersona({ id: "m", display_name: "Written" }));
      await personas.delete("x");
      for (const { list, size } of [personas, (await restart()).personas].map((all) => ({
        list: all.list.bind(all),
        size: all.size,
      }))) {
        const all = ["1", "a", "b", "c", "d-1", "d.1", "d_1", "m", "z"];
        expect(idsOf(list())).toEqual(all);
        expect(size).toBe(all.length);
        expect(idsOf(list({ limit: 2 }))).toEqual(["1", "a"]);
        expect(idsOf(list({ after: "a", limit: 3 }))).toEqual(["b", "c", "d-1"]);
        expect(idsOf(list({ after: "d", limit: 2 }))).toEqual(["d-1", "d.1"]);
        expect(list({ after: "z" })).toEqual([]);
      }
    });
  });

  describe("references", () => {
    it("must be there when they are written, seeds included", async () => {
      const { personas, roles } = await opened({ seeds: SEEDS });
      await personas.create(aPersona({ id: "bob", default_role: "triage", default_sequence: "call" }));
      expect(await fieldsOf(personas.patch("bob", { default_role: "gone", default_sequence: "gone" }))).toEqual([
        "default_role",
        "default_sequence",
      ]);
      await roles.create(aRole({ id: "new" }));
      expect(await personas.patch("bob", { default_role: "new" })).toMatchObject({ default_role: "new" });
    });

    it("keep what they name from being deleted, unless it is forced", async () => {
      const { personas, roles, sequences, restart } = await opened({ seeds: SEEDS });
      await personas.create(aPersona({ id: "bob", default_role: "triage", default_sequence: "call" }));
      const refusal = await refused(roles.delete("triage"));
      expect(refusal).toMatchObject({ code: "referenced", status: 409 });
      expect(refusal.referrers).toEqual([
        { kind: "persona", id: "ada", field: "default_role" },
        { kind: "persona", id: "bob", field: "default_role" },
      ]);
      expect((await refused(sequences.delete("call"))).referrers).toHaveLength(1);
      await roles.delete("triage", { force: true });
      const after = await restart();
      expect(after.catalogue.notes.map(({ id, reason }) => [id, reason])).toEqual([
        ["ada", 'default_role: names the role "triage", which does not exist'],
        ["bob", 'default_role: names the role "triage", which does not exist'],
      ]);
      expect(await fieldsOf(after.personas.patch("bob", { description: "x" }))).toEqual(["default_role"]);
    });

    it("keep a role from being reset to nothing", async () => {
      const { personas, roles } = await opened();
      await roles.create(aRole());
      await personas.create(aPersona({ default_role: "triage" }));
      expect(await codeOf(roles.reset("triage"))).toBe("referenced");
      await roles.reset("triage", { force: true });
      expect(roles.size).toBe(0);
    });

    it("of a seed must be there when it is reset", async () => {
      const { personas, roles } = await opened({ seeds: SEEDS });
      await personas.put("ada", aPersona());
      await roles.delete("triage");
      expect(await fieldsOf(personas.reset("ada"))).toEqual(["default_role"]);
      await roles.reset("triage");
      expect(await personas.reset("ada")).toMatchObject({ display_name: "Seeded" });
    });

    it("cannot be pulled away while they are written", async () => {
      for (const first of ["write", "delete"] as const) {
        const { personas, roles } = await opened();
        await roles.create(aRole());
        const write = () => personas.create(aPersona({ default_role: "triage" }));
        const remove = () => roles.delete("triage");
        const results = await Promise.allSettled(first === "write" ? [write(), remove()] : [remove(), write()]);
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
        expect(personas.size).toBe(roles.size);
      }
    });

    it("of a seed file may stand in any order, and to nothing leave their persona out", async () => {
      const { catalogue, personas } = await opened({
        seeds: aFile([
          ["persona", aPersona({ default_role: "triage" })],
          ["persona", aPersona({ id: "bob", default_sequence: "nowhere" })],
          ["role", aRole()],
        ]),
      });
      expect(idsOf(personas.list())).toEqual(["ada"]);
      expect(catalogue.notes).toEqual([
        {
          file: "cast.toml",
          table: "personas",
          id: "bob",
          line: 2,
          reason: 'default_sequence: names the sequence "nowhere", which does not exist',
        },
      ]);
    });
  });

  it("can be closed to writes", async () => {
    const { restart } = await opened();
    const { catalogue, personas, roles } = await restart({ writes: false, seeds: SEEDS });
    expect(catalogue.tenant("default").writable).toBe(false);
    for (const change of [
      personas.create(aPersona({ id: "new" })),
      personas.put("ada", aPersona()),
      personas.patch("ada", {}),
      personas.delete("ada"),
      roles.reset("triage"),
    ]) {
      expect(await codeOf(change)).toBe("writes_disabled");
    }
    expect(personas.get("ada").display_name).toBe("Seeded");
  });
}

/** All that a tenant sees, to compare what is in memory with what is stored. */
export function everything({ personas, roles, sequences }: TenantCatalogue) {
  return [...personas.list(), ...roles.list(), ...sequences.list()];
}
