/** Rules of package.json and package-lock.json that npm itself does not keep. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/command-line.ts";

interface LockEntry {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), "utf8"));
const manifest = readJson("package.json") as Record<
  "dependencies" | "devDependencies" | "scripts",
  Record<string, string>
>;
const { packages } = readJson("package-lock.json") as { packages: Record<string, LockEntry> };

test("every version is exact", () => {
  const open = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$|^file:\.ci\/node(?:-\d+)?$/.test(version),
  );
  expect(open).toEqual([]);
});

test("the lock file holds every platform package; if not, `npm run lock` adds it", () => {
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});

test("the lock file names no registry", () => {
  const hosts = Object.values(packages).filter(({ resolved, link }) => resolved !== undefined && link !== true);
  expect(hosts).toEqual([]);
});

test.each(["README.md", "CONTRIBUTING.md"])("every npm command that %s names is there", (file) => {
  const commands = [...readFileSync(join(ROOT, file), "utf8").matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)];
  const names = new Set(commands.map(([, script, short]) => script ?? short ?? ""));
  expect(names.size).toBeGreaterThan(0);
  expect([...names].filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});
