import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CatalogueFile } from "../../src/catalogue/catalogue.ts";
import { readCatalogue, readCatalogueFile, writeCatalogue } from "../../src/catalogue/file.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { ManualClock } from "../../src/clock.ts";
import { readToml, TomlFault } from "../../src/toml.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { refused } from "./behaviour.ts";
import { aPersona, aRole, aSequence, aStep } from "./samples.ts";

const GOOD = `
# What a shop needs
[[personas]]
id = "ada"
display_name = "Ada"
default_role = "triage"
[personas.traits]
openness = 0.9

[[roles]]
id = "triage"
display_name = "Triage"
system_prompt = """
Help.
Then hand over."""

[[sequences]]
id = "call"
display_name = "Call"
[[sequences.steps]]
id = "greet"
instruction = "Greet."
[[sequences.steps]]
id = "close"
instruction = "Close."
require_tools = ["file_ticket"]
`;

const NOBODY = { personas: [], roles: [], sequences: [] };
const idsOf = ({ entries }: CatalogueFile) => entries.map(({ kind, body }) => `${kind} ${body.id}`);
const notesOf = ({ notes }: CatalogueFile) => notes.map(({ table, id, line, reason }) => [table, id, line, reason]);

describe("a file of personas, roles and sequences", () => {
  it("is read as TOML, with the line of each entry", () => {
    const file = readCatalogue(GOOD, "shop.toml");
    expect(file.notes).toEqual([]);
    expect(file.entries.map(({ kind, body, line }) => [kind, body.id, line])).toEqual([
      ["persona", "ada", 3],
      ["role", "triage", 10],
      ["sequence", "call", 17],
    ]);
    expect(file.entries[0]?.body).toMatchObject({ traits: { openness: 0.9, formality: 0.5 } });
    expect(file.entries[2]?.body).toMatchObject({
      steps: [{ id: "greet" }, { id: "close", require_tools: ["file_ticket"] }],
    });
  });

  it("is read as JSON, with the line of each entry", () => {
    const text = JSON.stringify({ roles: [aRole()], personas: [aPersona(), aPersona({ id: "bob" })] }, null, 1);
    expect(readCatalogue(text, "shop.json").entries.map(({ body, line }) => [body.id, line])).toEqual([
      ["ada", 10],
      ["bob", 14],
      ["triage", 3],
    ]);
  });

  it("may begin with a byte order mark, and may be empty", () => {
    expect(idsOf(readCatalogue(`\uFEFF${GOOD}`, "x"))).toHaveLength(3);
    expect(idsOf(readCatalogue(`\uFEFF{"personas":[]}`, "x"))).toEqual([]);
    for (const text of ["", "\n# nothing\n", "{}"])
      expect(readCatalogue(text, "x")).toMatchObject({ entries: [], notes: [] });
  });

  it("loses broken entries only, and says of each fault where it is", () => {
    const text = GOOD.replace('display_name = "Ada"', 'display_name = " "\nnonsense = 1')
      .replace('instruction = "Close."', "instruction = 3")
      .concat('[[roles]]\nid = "b/c"\n[[roles]]\nid = "ok"\ndisplay_name = "Ok"\nsystem_prompt = "x"\n');
    const file = readCatalogue(text, "shop.toml");
    expect(idsOf(file)).toEqual(["role triage", "role ok"]);
    expect(file.notes.every(({ file }) => file === "shop.toml")).toBe(true);
    expect(notesOf(file)).toEqual([
      ["personas", "ada", 5, "display_name: must not be blank"],
      ["personas", "ada", 6, "nonsense: is no known field"],
      ["roles", "b/c", 29, expect.stringMatching(/^id: must be 1 to 128/)],
      ["roles", "b/c", 28, expect.stringMatching(/^display_name: /)],
      ["roles", "b/c", 28, expect.stringMatching(/^system_prompt: /)],
      ["sequences", "call", 26, expect.stringMatching(/^steps\[1\]\.instruction: /)],
    ]);
  });

  it("loses broken entries of JSON the same way", () => {
    const text = `{"personas": [\n{"id": "ada",\n "display_name": "A", "__proto__": {}},\n3],\n"roles": [{"id": "r", "display_name": "R", "system_prompt": "x",\n"temperature": 9}]}`;
    expect(notesOf(readCatalogue(text, "x"))).toEqual([
      ["personas", "ada", 3, "__proto__: is no known field"],
      ["personas", undefined, 4, expect.stringMatching(/^persona: /)],
      ["roles", "r", 6, expect.stringMatching(/^temperature: /)],
    ]);
  });

  it("keeps the first of two with the same id", () => {
    const text = `${GOOD}\n[[personas]]\nid = "ada"\ndisplay_name = "Another"\n`;
    const file = readCatalogue(text, "x");
    expect(file.entries[0]?.body).toMatchObject({ display_name: "Ada" });
    expect(notesOf(file)).toEqual([["personas", "ada", 29, "id: is that of the one in line 3, too"]]);
  });

  it.each([
    ["personas = 3", ["personas", undefined, 1, "must be a list of tables: [[personas]]"]],
    ["[personas]\nid = 1", ["personas", undefined, 1, "must be a list of tables: [[personas]]"]],
    ["\n[[persona]]\nid = 1", [undefined, undefined, 2, "persona: is none of personas, roles and sequences"]],
    ["\n[__proto__]\nx = 1", [undefined, undefined, 2, "__proto__: is none of personas, roles and sequences"]],
    ["personas = [1]", ["personas", undefined, 1, expect.stringMatching(/^persona: /)]],
    ["[[personas]]\nid = 2026-01-01", ["personas", undefined, 2, expect.stringMatching(/^id: /)]],
  ])("says what is wrong with %j", (text, note) => {
    expect(notesOf(readCatalogue(text, "x"))).toContainEqual(note);
  });

  it.each(["toml", "json"] as const)(
    "names in %s what is deleted, which the seeds beneath then lack",
    async (format) => {
      const deleted = { personas: ["ada"], roles: [], sequences: ["nowhere", "coding-task"] };
      const entries = { personas: [], roles: [aRole()], sequences: [] };
      const seeds = readCatalogue(writeCatalogue({ entries, deleted }, format), "x");
      expect(seeds.notes).toEqual([]);
      expect(seeds.deleted).toMatchObject([
        { kind: "persona", id: "ada" },
        { kind: "sequence", id: "nowhere" },
        { kind: "sequence", id: "coding-task", line: format === "toml" ? 3 : 8 },
      ]);
      const { personas, roles, sequences } = (
        await createCatalogue({ clock: new ManualClock(0), seeds, builtIn: true })
      ).tenant("x");
      expect([personas.find("ada"), sequences.find("coding-task")]).toEqual([undefined, undefined]);
      expect([roles.find("coding-helper"), roles.find("triage")]).toMatchObject([
        { source: "builtin" },
        { source: "toml" },
      ]);
    },
  );

  it("says what is wrong with what is deleted, and deletes the rest", () => {
    const text = `
      [[roles]]
      id = "aide"
      display_name = "Aide"
      system_prompt = "Hm."
      [deleted]
      roles = ["fine", "aide", "No id", 7,
        "fine"]
      rolls = []
      personas = "ada"`;
    const file = readCatalogue(text, "x");
    expect(file.deleted).toMatchObject([{ kind: "role", id: "fine", line: 7 }]);
    const lists = "deleted: must be lists of ids, named personas, roles and sequences";
    expect(notesOf(file).map(([, , line, reason]) => [line, reason])).toEqual([
      [7, 'deleted.roles[1]: "aide" stands in this file already'],
      [7, expect.stringMatching(/^deleted\.roles\[2\]: must be 1 to 128 characters/)],
      [7, expect.stringMatching(/^deleted\.roles\[3\]: must be 1 to 128 characters/)],
      [8, 'deleted.roles[4]: "fine" stands in this file already'],
      [9, lists],
      [10, lists],
    ]);
    expect(notesOf(readCatalogue("deleted = 3", "x"))).toEqual([[undefined, undefined, 1, lists]]);
  });

  it.each([
    ["a table twice", "[a]\nx = 1\n[a]\ny = 1", /^cast is not TOML \(line 3, column \d+\): /],
    ["a key twice", "personas = []\npersonas = []", /^cast is not TOML \(line 2, /],
    ["a list that is a table before", "[personas]\nx = 1\n[[personas]]", /^cast is not TOML \(line 3, /],
    ["TOML that breaks off", '[[personas]]\nid = "x', /^cast is not TOML \(line 2, /],
    ["a name twice in JSON", '{"personas": [],\n "personas": []}', /^cast is not JSON \(line 2, column 2\): .*twice/],
    ["TOML of a depth that nobody reads", `a=${"[".repeat(10_000)}${"]".repeat(10_000)}`, /^cast is not TOML/],
    ["JSON that breaks off", '{"personas": [', /^cast is not JSON \(line 1, /],
    ["JSON of a depth that nobody reads", '{"a":'.repeat(100_000), /^cast is not JSON/],
    ["a list", "[{}]", /must hold personas, roles and sequences/],
    ["no text at all", "\u0000\u0001", /^cast is not JSON/],
  ])("is refused as a whole: %s", async (_name, text, message) => {
    const error = await refused((async () => readCatalogue(text, "cast"))());
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringMatching(message) });
  });

  it("is refused when it cannot be read, or is not UTF-8", async () => {
    const folder = tempFolder();
    const bytes = join(folder, "bytes.toml");
    writeFileSync(bytes, Buffer.from('[[personas]]\nid = "\xff"', "latin1"));
    expect(await refused(readCatalogueFile(join(folder, "none.toml")))).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("ENOENT"),
    });
    expect((await refused(readCatalogueFile(bytes))).message).toBe(`${bytes} is not UTF-8.`);
    writeFileSync(bytes, GOOD);
    expect(idsOf(await readCatalogueFile(bytes))).toHaveLength(3);
  });

  it("loses an entry with a text that is longer than any may be, or with a number beyond all", () => {
    const text = `${GOOD}\n[[roles]]\nid = "long"\ndisplay_name = "L"\nsystem_prompt = "${"x".repeat(1_000_000)}"\n`;
    const file = readCatalogue(text, "x");
    expect(idsOf(file)).toHaveLength(3);
    expect(notesOf(file)).toEqual([
      ["roles", "long", undefined, expect.stringMatching(/^system_prompt: must be at most/)],
    ]);
    expect(file.entries[0]?.line).toBeUndefined();
    const huge = GOOD.replace(
      'display_name = "Triage"',
      `display_name = "Triage"\nthinking_budget = ${"9".repeat(30)}`,
    );
    expect(notesOf(readCatalogue(huge, "x"))).toContainEqual([
      "roles",
      "triage",
      13,
      expect.stringMatching(/^thinking_budget: /),
    ]);
  });

  it("finds no places in what is deeper than anybody reads, and does not look for long", () => {
    const deep = Array(10_000).fill("a").join(".");
    for (const text of [`${deep} = 1`, `[${deep}]`]) {
      expect(() => readToml(text)).toThrow(
        new TomlFault("more than 100 names inside each other", { line: 1, column: 1 }),
      );
      expect(notesOf(readCatalogue(text, "x"))).toEqual([
        [undefined, undefined, undefined, "a: is none of personas, roles and sequences"],
      ]);
    }
  });

  it("is read when it has 10 MB", () => {
    const description = "x".repeat(60_000);
    const count = 170;
    const personas = Array.from({ length: count }, (_, at) => aPersona({ id: `p${at}`, description }));
    for (const format of ["toml", "json"] as const) {
      const text = writeCatalogue({ entries: { personas, roles: [], sequences: [] }, deleted: NOBODY }, format);
      expect(text.length).toBeGreaterThan(10_000_000);
      expect(readCatalogue(text, "x").entries).toHaveLength(count);
    }
  });

  it("gives the same entries when they are written and read again", async () => {
    const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== "");
    const anEntry = fc.record({
      description: fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
      tags: fc.array(word, { maxLength: 3 }),
      metadata: fc.dictionary(word, word, { maxKeys: 3 }),
      openness: fc.double({ min: 0, max: 1, noNaN: true }),
      voice: word,
    });
    await fc.assert(
      fc.asyncProperty(anEntry, fc.constantFrom("toml", "json"), async ({ openness, ...fields }, format) => {
        const { personas, roles, sequences } = (await createCatalogue({ clock: new ManualClock(0) })).tenant("x");
        await roles.create(aRole({ temperature: openness, tool_allowlist: [] }));
        await sequences.create(aSequence({ steps: [aStep({ exit_criteria: "\tDone?\r\n" }), aStep({ id: "b" })] }));
        await personas.create(aPersona({ ...fields, traits: { openness }, default_role: "triage" }));
        const lists = { personas: personas.list(), roles: roles.list(), sequences: sequences.list() };
        const seeds = readCatalogue(writeCatalogue({ entries: lists, deleted: NOBODY }, format), "x");
        expect(seeds.notes).toEqual([]);
        const again = (await createCatalogue({ clock: new ManualClock(0), seeds })).tenant("x");
        const seeded = (entry: object) => ({ ...entry, version: 0, source: "toml" });
        expect(again.personas.list()).toEqual(lists.personas.map(seeded));
        expect(again.roles.list()).toEqual(lists.roles.map(seeded));
        expect(again.sequences.list()).toEqual(lists.sequences.map(seeded));
      }),
      { numRuns: 60 },
    );
  });
});
