import { describe, expect, it } from "vitest";
import { builtInCast } from "../../src/catalogue/cast/cast.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { ManualClock } from "../../src/clock.ts";
import { aFile, aPersona } from "./samples.ts";

const opened = async (more: object = {}) =>
  await createCatalogue({ clock: new ManualClock(0), builtIn: true, ...more });

describe("the built-in cast", () => {
  it("is whole: every persona has a role, every entry is reached, nothing refers to nothing", async () => {
    const { notes, tenant } = await opened();
    const { personas, roles, sequences } = tenant("default");
    expect(notes).toEqual([]);
    expect(personas.list().map(({ id }) => id)).toEqual(["ada", "iris", "juno", "mira", "noor", "sol", "theo"]);
    const named = personas
      .list()
      .flatMap(({ default_role = "", default_sequence = "" }) => [default_role, default_sequence]);
    for (const { id } of [...roles.list(), ...sequences.list()]) expect(named).toContain(id);
    expect(personas.list().filter(({ default_sequence }) => default_sequence !== undefined).length).toBeGreaterThan(3);
    for (const { steps } of sequences.list())
      for (const { exit_criteria } of steps) expect(exit_criteria).toBeDefined();
  });

  it("is English, says what it is for, and asks for no tool that a host may not have", async () => {
    const { personas, roles, sequences } = (await opened()).tenant("default");
    for (const { locale, source, version, description } of personas.list()) {
      expect({ locale, source, version }).toEqual({ locale: "en", source: "builtin", version: 0 });
      expect(description).toBeDefined();
    }
    for (const role of roles.list()) expect(role).not.toHaveProperty("tool_allowlist");
    for (const { steps } of sequences.list()) expect(steps.flatMap(({ require_tools }) => require_tools)).toEqual([]);
  });

  it("lies beneath the seed file, and is not there unless it is asked for", async () => {
    const seeds = aFile([["persona", aPersona({ display_name: "Our Ada", default_role: "tutor" })]]);
    const { personas } = (await opened({ seeds })).tenant("default");
    expect(personas.get("ada")).toMatchObject({ display_name: "Our Ada", source: "toml" });
    expect(personas.get("iris").source).toBe("builtin");
    const without = await opened({ seeds, builtIn: false });
    expect(without.tenant("default").personas.size).toBe(0);
    expect(without.notes.map(({ reason }) => reason)).toEqual([
      'default_role: names the role "tutor", which does not exist',
    ]);
  });

  it("is checked when it is loaded", () => {
    expect(new Set(builtInCast().entries.map(({ kind, body }) => `${kind}/${body.id}`)).size).toBe(
      builtInCast().entries.length,
    );
  });
});
