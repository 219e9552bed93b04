/** Random changes against a naive model, over a persister that fails at chosen points; and many changes at once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TenantCatalogue } from "../../src/catalogue/catalogue.ts";
import { memoryPersister } from "../../src/catalogue/memory-persister.ts";
import type { Persister, StoredEntry } from "../../src/catalogue/port.ts";
import { createCatalogue } from "../../src/catalogue/registry.ts";
import { ManualClock } from "../../src/clock.ts";
import { PersonaError } from "../../src/errors.ts";
import { everything } from "./behaviour.ts";
import { aFile, aPersona, aRole } from "./samples.ts";

/** `before`: nothing is stored; `after`: it is, and the answer is lost; `mute`: and then nobody can be asked, either. */
const FAULTS = ["none", "none", "none", "before", "after", "mute"] as const;
type Fault = (typeof FAULTS)[number];

const IDS = ["a", "b", "seeded"];
const SEEDS = aFile([
  ["role", aRole({ id: "seeded" })],
  ["persona", aPersona({ id: "seeded", default_role: "seeded" })],
]);

interface Step {
  readonly verb: "put" | "delete" | "reset";
  readonly kind: "persona" | "role";
  readonly id: string;
  readonly role: string | undefined;
  readonly name: string;
  readonly ifVersion: number | "any" | "none" | undefined;
  readonly force: boolean;
  readonly fault: Fault;
  readonly restart: boolean;
}

const aStep: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom<Step["verb"]>("put", "put", "delete", "reset"),
  kind: fc.constantFrom<Step["kind"]>("persona", "role"),
  id: fc.constantFrom(...IDS),
  role: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  name: fc.constantFrom("Ada", "Bob"),
  ifVersion: fc.constantFrom<Step["ifVersion"]>(undefined, undefined, "any", "none", 0, 1, 2, 3, 4),
  force: fc.boolean(),
  fault: fc.constantFrom(...FAULTS),
  restart: fc.boolean(),
});

interface Row {
  readonly version: number;
  readonly state: "written" | "deleted" | "reset";
  readonly name: string;
  readonly role: string | undefined;
}

const SEED = { persona: { name: "Ada", role: "seeded" }, role: { name: "Triage", role: undefined } };

class Model {
  readonly rows = { persona: new Map<string, Row>(), role: new Map<string, Row>() };

  shown(kind: Step["kind"], id: string) {
    const row = this.rows[kind].get(id) ?? { version: 0, state: "reset" };
    if (row.state === "written") return row;
    return row.state === "reset" && id === "seeded" ? { ...row, ...SEED[kind] } : undefined;
  }

  /** What becomes of a step: the row that it stores, nothing to store, or the code of its refusal. */
  next({ verb, kind, id, role, name, ifVersion, force }: Step): Row | "nothing" | string {
    const shown = this.shown(kind, id);
    const version = this.rows[kind].get(id)?.version ?? 0;
    const dangles = (of: string | undefined) => of !== undefined && this.shown("role", of) === undefined;
    const isNamed = () => kind === "role" && IDS.some((other) => this.shown("persona", other)?.role === id);
    if (verb === "put") {
      if (ifVersion === "none" ? shown !== undefined : ifVersion !== undefined && shown === undefined)
        return "version_conflict";
      if (typeof ifVersion === "number" && ifVersion !== version) return "version_conflict";
      if (kind === "persona" && dangles(role)) return "invalid_persona";
      return { version: version + 1, state: "written", name, role: kind === "persona" ? role : undefined };
    }
    if (verb === "delete") {
      if (shown === undefined) return `${kind}_not_found`;
      if (ifVersion === "none" || (typeof ifVersion === "number" && ifVersion !== version)) return "version_conflict";
      if (!force && isNamed()) return "referenced";
      return { version: version + 1, state: "deleted", name: "", role: undefined };
    }
    if (shown === undefined && id !== "seeded") return `${kind}_not_found`;
    if (ifVersion === "none" || (typeof ifVersion === "number" && ifVersion !== version)) return "version_conflict";
    if ((this.rows[kind].get(id)?.state ?? "reset") === "reset") return "nothing";
    if (!force && id !== "seeded" && isNamed()) return "referenced";
    if (id === "seeded" && dangles(SEED[kind].role)) return "invalid_persona";
    return { version: version + 1, state: "reset", name: "", role: undefined };
  }
}

function failing(persister: Persister): { readonly persister: Persister; fault: Fault } {
  const write = (verb: "savePersona" | "deletePersona" | "saveRole" | "deleteRole") => {
    return async (row: StoredEntry, expected: number) => {
      if (it.fault === "before") throw new Error("The disk is full.");
      await persister[verb](row, expected);
      if (it.fault !== "none") throw new Error("The connection is gone.");
    };
  };
  const load = (verb: "loadPersonas" | "loadRoles") => async () => {
    if (it.fault === "mute") throw new Error("Nobody answers.");
    return persister[verb]();
  };
  const it = {
    fault: "none" as Fault,
    persister: {
      ...persister,
      loadPersonas: load("loadPersonas"),
      savePersona: write("savePersona"),
      deletePersona: write("deletePersona"),
      loadRoles: load("loadRoles"),
      saveRole: write("saveRole"),
      deleteRole: write("deleteRole"),
    },
  };
  return it;
}

function run(catalogue: TenantCatalogue, { verb, kind, id, role, name, ifVersion, force }: Step): Promise<unknown> {
  const entries = kind === "persona" ? catalogue.personas : catalogue.roles;
  const input =
    kind === "persona" ? aPersona({ id, display_name: name, default_role: role }) : aRole({ id, display_name: name });
  if (verb === "put") return entries.put(id, JSON.parse(JSON.stringify(input)), { ifVersion });
  return entries[verb](id, { ifVersion, force });
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error instanceof PersonaError ? error.code : String(error)),
  );

describe("the catalogue", () => {
  it("does what a naive model does, whatever fails, and agrees with what is stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 40 }), async (steps) => {
        const stored = memoryPersister();
        const store = failing(stored);
        const open = async (persister: Persister) =>
          (await createCatalogue({ clock: new ManualClock(0), persister, seeds: SEEDS })).tenant("default");
        const model = new Model();
        let catalogue = await open(store.persister);
        for (const step of steps) {
          const next = model.next(step);
          store.fault = step.fault;
          const code = await codeOf(run(catalogue, step));
          store.fault = "none";
          if (typeof next === "string") expect(code).toBe(next === "nothing" ? "ok" : next);
          else {
            expect(code).toBe(step.fault === "before" || step.fault === "mute" ? "persist_failed" : "ok");
            if (step.fault !== "before") model.rows[step.kind].set(step.id, next);
          }
          // Nobody could be asked, so that it learns of its own write with the next one, or with a restart.
          if (step.fault === "mute" || step.restart) catalogue = await open(store.persister);
          for (const kind of ["persona", "role"] as const) {
            const entries = kind === "persona" ? catalogue.personas : catalogue.roles;
            const shown = IDS.flatMap((id) => {
              const entry = model.shown(kind, id);
              return entry === undefined ? [] : [[id, entry.version, entry.name]];
            });
            expect(entries.list().map(({ id, version, display_name }) => [id, version, display_name])).toEqual(shown);
            expect(entries.size).toBe(shown.length);
          }
          expect(everything(catalogue)).toEqual(everything(await open(stored)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with what is stored after many changes at once, and names nothing that is gone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 2, maxLength: 30 }), fc.scheduler(), async (steps, scheduler) => {
        const stored = memoryPersister();
        const slow: Persister = {
          ...stored,
          savePersona: scheduler.scheduleFunction(stored.savePersona),
          deletePersona: scheduler.scheduleFunction(stored.deletePersona),
          saveRole: scheduler.scheduleFunction(stored.saveRole),
          deleteRole: scheduler.scheduleFunction(stored.deleteRole),
        };
        // Nothing refers to these roles yet: whether somebody does is decided by who comes first.
        const seeds = aFile(IDS.map((id) => ["role", aRole({ id })]));
        const open = async (persister: Persister) =>
          (await createCatalogue({ clock: new ManualClock(0), persister, seeds })).tenant("default");
        const catalogue = await open(slow);
        const codes = Promise.all(steps.map((step) => codeOf(run(catalogue, { ...step, force: false }))));
        await scheduler.waitFor(codes);
        expect(await codes).not.toContain("persist_failed");
        expect(everything(catalogue)).toEqual(everything(await open(stored)));
        for (const { default_role } of catalogue.personas.list()) {
          if (default_role !== undefined) expect(catalogue.roles.find(default_role)).toBeDefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  it("learns of a write whose answer was lost before it writes again", async () => {
    const store = failing(memoryPersister());
    const catalogue = await createCatalogue({ clock: new ManualClock(0), persister: store.persister });
    const { personas } = catalogue.tenant("default");
    store.fault = "mute";
    expect(await codeOf(personas.create(aPersona()))).toBe("persist_failed");
    expect(personas.find("ada")).toBeUndefined();
    store.fault = "none";
    expect(await codeOf(personas.create(aPersona()))).toBe("already_exists");
    expect(personas.get("ada").version).toBe(1);
  });

  it("says why a write failed, and does not name a driver", async () => {
    const store = failing(memoryPersister());
    const { personas } = (await createCatalogue({ clock: new ManualClock(0), persister: store.persister })).tenant("x");
    store.fault = "before";
    const error = await personas.create(aPersona()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "persist_failed",
      message: 'The persona "ada" could not be stored.',
      cause: new Error("The disk is full."),
    });
  });

  it("takes up what another process has written, and refuses the write", async () => {
    const persister = memoryPersister();
    const open = async () => (await createCatalogue({ clock: new ManualClock(0), persister })).tenant("default");
    const [one, other] = [await open(), await open()];
    await one.personas.create(aPersona({ display_name: "One" }));
    expect(await codeOf(other.personas.create(aPersona({ display_name: "Other" })))).toBe("version_conflict");
    expect(other.personas.get("ada").display_name).toBe("One");
    expect(await codeOf(other.personas.put("ada", aPersona({ display_name: "Other" }), { ifVersion: 1 }))).toBe("ok");
  });
});
