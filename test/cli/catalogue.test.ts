/** Files of the catalogue on the command line: checked offline, brought into a server, taken from it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRuntime, type RuntimeOptions } from "../../src/index.ts";
import { serve } from "../../src/server.ts";
import { feed, inOneProcess, personaRuntime, temporaryFolder, UNHURRIED_LIMITS } from "../support/command-line.ts";

const TOML = `
[[personas]]
id = "ada"
display_name = "Ada"
default_role = "aide"
default_sequence = "walk"
metadata = { "a key" = "with \\"quotes\\"" }

[[roles]]
id = "aide"
display_name = "Aide"
system_prompt = """
Be brief.
Twice."""
temperature = 0.5

[[sequences]]
id = "walk"
display_name = "Walk"
[[sequences.steps]]
id = "one"
instruction = "Greet."
`;

function fileWith(text: string, name = "mine.toml"): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return file;
}

/** A server of this process, and the command in a child that is told where it is. */
async function running(catalogue: RuntimeOptions["catalogue"] = {}) {
  const runtime = await createRuntime({ store: "memory", catalogue });
  const server = await serve({ runtime, port: 0, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await Promise.all([server.close(), runtime.close({ graceMs: 0 })]);
  });
  const run = (verb: string, ...words: string[]) => inOneProcess("catalogue", verb, "--url", server.url, ...words);
  /** The same in a process of its own. */
  const runAlone = (verb: string, ...words: string[]) =>
    personaRuntime("catalogue", verb, "--url", server.url, ...words);
  return { runtime, run, runAlone };
}

describe("validate", () => {
  test("says what is in a file that is right, without a server", async () => {
    const file = fileWith(TOML);
    expect(await personaRuntime("catalogue", "validate", file)).toEqual({
      code: 0,
      stdout: `${file} is valid: 1 persona, 1 role, 1 sequence.\n`,
      stderr: "",
    });
    const json = await personaRuntime("catalogue", "validate", file, "--json");
    expect(JSON.parse(json.stdout)).toEqual({ entries: 3, notes: [] });
  });

  test("names every broken entry with its line", async () => {
    const broken = `${TOML}
[[roles]]
id = "two"
display_name = " "
temperature = 3
nick = 1
[[personas]]
id = "eve"
display_name = "Eve"
default_role = "nobody"
[[roles]]
id = "aide"
display_name = "Again"
system_prompt = "x"
`;
    const file = fileWith(broken);
    const { code, stdout, stderr } = await inOneProcess("catalogue", "validate", file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    for (const [line, said] of [
      [24, 'roles "two": system_prompt: '],
      [26, 'roles "two": display_name: must not be blank'],
      [27, 'roles "two": temperature: '],
      [28, 'roles "two": nick: is no known field'],
      [29, 'personas "eve": default_role: names the role "nobody", which does not exist'],
      [34, 'roles "aide": id: '],
    ])
      expect(stderr).toContain(`  ${file}:${line}: ${said}`);
    const json = await inOneProcess("catalogue", "validate", file, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout).notes).toHaveLength(6);
  });

  test("takes JSON, with its lines, and the input", async () => {
    const text = '{\n  "roles": [\n    { "id": "aide", "display_name": "A" }\n  ]\n}\n';
    const { stderr } = await feed(text, ["catalogue", "validate", "-"]);
    expect(stderr).toMatch(/^persona-runtime: invalid_input: The input:3: roles "aide": system_prompt: .*\n$/);
  });

  test("what a built-in role is called may be referred to", async () => {
    const file = fileWith('[[personas]]\nid = "eve"\ndisplay_name = "Eve"\ndefault_role = "coding-helper"\n');
    expect((await inOneProcess("catalogue", "validate", file)).code).toBe(0);
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ["no TOML", "[[personas]]\nid = ", /mine\.toml is not TOML \(line 2, column /],
    ["no JSON", '{\n "roles": [}', /mine\.toml is not JSON \(line 2, column /],
    ["a table twice", "[a]\nx = 1\n[a]\n", /mine\.toml is not TOML \(line 3/],
    ["no UTF-8", new Uint8Array([0x23, 0xff]), /mine\.toml is not valid UTF-8/],
    ["lists that nobody knows", "[[people]]\nid = 1\n", /mine\.toml:1: people: is none of /],
  ])("%s", async (_, content, message) => {
    const file = join(temporaryFolder(), "mine.toml");
    writeFileSync(file, content);
    const { code, stderr } = await inOneProcess("catalogue", "validate", file);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  test("a file that is not there", async () => {
    expect(await inOneProcess("catalogue", "validate", "nowhere.toml")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^persona-runtime: invalid_input: nowhere\.toml cannot be read \(ENOENT\)/),
    });
  });
});

describe("import", () => {
  test("makes what is new, changes what is other, and leaves the rest alone", async () => {
    const { run, runAlone, runtime } = await running();
    const file = fileWith(TOML);
    const tried = await run("import", file, "--dry-run");
    expect(tried.stdout).toContain("Nothing was sent. It would be: 3 created, 0 changed, 0 unchanged, 0 refused.");
    expect(runtime.catalogue.roles.size).toBe(0);
    expect(await runAlone("import", file)).toEqual({
      code: 0,
      stdout:
        "created  persona ada\ncreated  role aide\ncreated  sequence walk\n3 created, 0 changed, 0 unchanged, 0 refused.\n",
      stderr: "",
    });
    expect(runtime.catalogue.personas.get("ada")).toMatchObject({
      default_role: "aide",
      source: "store",
      metadata: { "a key": 'with "quotes"' },
    });
    const again = JSON.parse((await run("import", file, "--json")).stdout);
    expect(again).toMatchObject({ dry_run: false, created: [], changed: [], refused: [] });
    expect(again.unchanged).toHaveLength(3);
    expect(runtime.catalogue.roles.get("aide").version).toBe(1);

    const other = fileWith(TOML.replace("Greet.", "Wave."));
    expect((await run("import", other)).stdout).toBe(
      "changed  sequence walk\n0 created, 1 changed, 2 unchanged, 0 refused.\n",
    );
    expect(runtime.catalogue.sequences.get("walk")).toMatchObject({ version: 2, steps: [{ instruction: "Wave." }] });
  });

  test("sends nothing of a file in which one entry is wrong", async () => {
    const { run, runtime } = await running();
    const { code, stderr, stdout } = await run("import", fileWith(`${TOML}[[roles]]\nid = "B"\n`));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain('roles "B": id: must be ');
    expect(runtime.catalogue.roles.size).toBe(0);
  });

  test("tells what the server refuses, with the line, and brings the rest", async () => {
    const { run, runtime } = await running();
    const file = fileWith(`${TOML}[[personas]]\nid = "eve"\ndisplay_name = "Eve"\ndefault_role = "nobody"\n`);
    const { code, stdout } = await run("import", file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^refused {2}persona eve \(.*mine\.toml:23\): .*default_role: names the role "nobody"/m);
    expect(stdout).toContain("3 created, 0 changed, 0 unchanged, 1 refused.\n");
    expect(runtime.catalogue.personas.list().map(({ id }) => id)).toEqual(["ada"]);
  });

  test("stops at what concerns all of it", async () => {
    const { runAlone } = await running({ writes: false });
    const { code, stderr, stdout } = await runAlone("import", fileWith(TOML));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^persona-runtime: writes_disabled: /);
    expect(stdout).toBe("0 created, 0 changed, 0 unchanged, 0 refused.\n");
  });
});

describe("export", () => {
  test.each(["toml", "json"])("writes %s that gives the same when it is imported elsewhere", async (format) => {
    const [one, other] = [await running(), await running()];
    await one.run("import", fileWith(TOML));
    const file = join(temporaryFolder(), `out.${format}`);
    expect(await one.run("export", file)).toEqual({
      code: 0,
      stdout: `${file}: 1 persona, 1 role, 1 sequence.\n`,
      stderr: "",
    });
    expect(readFileSync(file, "utf8")).not.toMatch(/\b(created_at|updated_at|source|version)\b/);
    expect((await other.run("import", file)).stdout).toContain("3 created");
    expect((await other.run("import", fileWith(TOML))).stdout).toContain("3 unchanged");
    expect((await one.run("import", file)).stdout).toContain("3 unchanged");
  });

  test("prints without a file, and seeds only when it is told to", async () => {
    const { run, runAlone, runtime } = await running({ builtIn: true });
    expect(await runAlone("export")).toEqual({ code: 0, stdout: "\n", stderr: "" });
    const all = JSON.parse((await run("export", "--all", "--json")).stdout);
    expect(all.personas).toHaveLength(runtime.catalogue.personas.size);
    await runtime.catalogue.personas.patch("ada", { display_name: "Lady Ada" });
    const { stdout } = await run("export");
    expect(stdout).toContain('display_name = "Lady Ada"');
    expect(stdout.match(/\[\[personas\]\]/g)).toHaveLength(1);
    expect(stdout).not.toContain("[[roles]]");
  });

  test.each(["toml", "json"])(
    "names in %s the seeds that are deleted, and they are deleted elsewhere, too",
    async (format) => {
      const [one, other] = [await running({ builtIn: true }), await running({ builtIn: true })];
      await one.runtime.catalogue.personas.delete("iris");
      await one.runtime.catalogue.roles.delete("coding-helper", { force: true });
      const file = join(temporaryFolder(), `out.${format}`);
      expect((await one.run("export", file)).stdout).toBe(`${file}: 0 personas, 0 roles, 0 sequences, 2 deleted.\n`);
      const checked = await inOneProcess("catalogue", "validate", file);
      expect(checked.stderr).toContain('built-in: personas "ada": default_role: names the role "coding-helper", which');
      const tried = await other.run("import", file, "--dry-run");
      expect(tried.stdout).toContain("0 created, 0 changed, 2 deleted, 0 unchanged, 0 refused.\n");
      expect(other.runtime.catalogue.personas.find("iris")).toBeDefined();

      const careful = await other.run("import", file);
      expect(careful.code).toBe(1);
      expect(careful.stdout).toContain("deleted  persona iris\n");
      expect(careful.stdout).toMatch(/^refused {2}role coding-helper \(.*\d\): .*"ada" \(default_role\)/m);
      const forced = await other.run("import", file, "--force", "--json");
      expect(JSON.parse(forced.stdout)).toMatchObject({
        deleted: [{ kind: "role", id: "coding-helper" }],
        unchanged: [{ kind: "persona", id: "iris" }],
      });
      expect(other.runtime.catalogue.roles.deleted()).toEqual(["coding-helper"]);
    },
  );

  test("goes on behind the first page", async () => {
    const { run, runtime } = await running();
    const ids = Array.from({ length: 1_001 }, (_, n) => `p${n}`);
    for (const id of ids) await runtime.catalogue.personas.create({ id, display_name: id });
    const { personas } = JSON.parse((await run("export", "--json")).stdout);
    expect(personas.map(({ id }: { id: string }) => id)).toEqual(ids.sort());
  });

  test("a folder that is not there", async () => {
    const { run } = await running();
    expect(await run("export", "/nowhere/out.toml")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^persona-runtime: invalid_input: \/nowhere\/out\.toml cannot be written \(ENOENT\)/,
      ),
    });
  });
});
