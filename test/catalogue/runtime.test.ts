import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { aPersona } from "./samples.ts";

it("what is written with a runtime is in its store, and a row that is damaged there is told of", async () => {
  const store = join(tempFolder(), "personas.db");
  const first = await createRuntime({ store });
  const written = await first.catalogue.personas.create(aPersona());
  await first.tenant("acme").catalogue.personas.create(aPersona({ display_name: "Theirs" }));
  await first.close();

  const second = await createRuntime({ store });
  expect(second.catalogue.personas.list()).toEqual([written]);
  expect(second.tenant("acme").catalogue.personas.get("ada").display_name).toBe("Theirs");
  await second.close();

  const database = new Database(store);
  database.prepare("UPDATE catalogue_entry SET body = '{' WHERE tenant = 'acme'").run();
  database.close();
  const warnings: string[] = [];
  const third = await createRuntime({ store, onWarning: ({ message }) => warnings.push(message) });
  expect(third.catalogue.personas.get("ada")).toEqual(written);
  expect(() => third.tenant("acme").catalogue.personas.get("ada")).toThrow(
    expect.objectContaining({ code: "entry_damaged" }),
  );
  await third.close();
  expect(warnings).toEqual(['store: tenant "acme": personas "ada": it is not JSON']);
});
