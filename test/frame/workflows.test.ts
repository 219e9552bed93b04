/** Whether GitHub would take the workflows, and whether the release has everything that package.json promises. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { describe, expect, test } from "vitest";
import { ROOT } from "../support/command-line.ts";

const FOLDER = join(ROOT, ".github/workflows");
const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");

describe.each(readdirSync(FOLDER))("%s", (name) => {
  test("is a workflow", () => {
    expect(validateWorkflow(read(name)).errors).toEqual([]);
    // It would say nothing of a file that it does not understand.
    expect(validateWorkflow(read(name).replaceAll("runs-on:", "runs:")).errors).not.toEqual([]);
  });

  test("uses each action at a commit", () => {
    const used = [...read(name).matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action ?? ""))).toEqual([]);
  });

  test("lets no step go on without the files that it is there for", () => {
    const uploads = read(name).split("uses: actions/upload-artifact").slice(1);
    expect(uploads.filter((step) => !/^(?:.*\n){1,5} +if-no-files-found: error$/m.test(step))).toEqual([]);
  });
});

test("the release builds and tries every platform that the package promises", () => {
  const { napi } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { napi: { targets: string[] } };
  const built = [...read("release.yml").matchAll(/os: \S+, target: ([\w-]+)/g)].map(([, target]) => target);
  expect(built.toSorted()).toEqual(napi.targets.toSorted());
  const tried = [...read("release.yml").matchAll(/- \{ platform: (\S+), os: /g)];
  expect(tried).toHaveLength(napi.targets.length);
});
