import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, execute, ROOT } from "../support/command-line.ts";
import { layOut, link, type Packed, pack } from "../support/packed.ts";
import { complains } from "./addon.ts";

let scratch: string;
let packed: Packed;
let project: string;
let addonHome: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  packed = pack(scratch);
  project = join(scratch, "project");
  ({ addonHome } = layOut(project, packed));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a program in the project that has the package installed; the ending of the name says which module system. */
function runInProject(name: string, source: string): Promise<Ended> {
  writeFileSync(join(project, name), source);
  return execute(process.execPath, [join(project, name)], { cwd: project });
}

const ANSWER = `
(async () => {
  const runtime = await createRuntime({ store: "memory" });
  await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => "You said: " + text });
  console.log((await runtime.send("ada", "Hello", { from: "user:7" })).text);
  await runtime.close();
})();`;

test.each([
  ["import.mjs", 'import { createRuntime } from "persona-runtime";'],
  ["require.cjs", 'const { createRuntime } = require("persona-runtime");'],
])("it works after %s", async (name, load) => {
  expect(await runInProject(name, `${load}\n${ANSWER}`)).toEqual({ code: 0, stdout: "You said: Hello\n", stderr: "" });
});

test("the README's example runs", async () => {
  const [, example = ""] = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
  expect(await runInProject("readme.mjs", example)).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^\[rehearsal: .*What is a prime\?.*outcome: 'answered'/s),
  });
});

/** What a program that answers with the library loads: the names of the packages, of ES modules and CommonJS alike. */
const graph = (entry: string, work: string) => `
import { registerHooks } from "node:module";
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    loaded.add(url.startsWith("node:") ? "" : url.split("/node_modules/").at(-1).match(/^(?:@[^/]+\\/)?[^/]+/)[0]);
    return next(url, context);
  },
});
const { createRuntime, serve } = await import(${JSON.stringify(entry)});
${work}
console.log(JSON.stringify([...loaded].filter((name) => name !== "" && !name.startsWith("file:"))));`;

/** What a program that imports an entry loads of this package. */
const files = (entry: string) => `
import { registerHooks } from "node:module";
registerHooks({
  load(url, context, next) {
    const [, file] = url.split("/persona-runtime/dist/");
    if (file) console.log(file);
    return next(url, context);
  },
});
await import(${JSON.stringify(entry)});`;

test("the library works without fastify and without a provider; the server is an entry of its own", async () => {
  const work = `
const runtime = await createRuntime({ store: "kept.db" });
await runtime.enroll({ id: "ada", name: "Ada" });
await runtime.send("ada", "Hello", { from: "user:7" });
await runtime.close();`;
  const library = await runInProject("library.mjs", graph("persona-runtime", work));
  expect(library.stderr).toBe("");
  const allowed = ["persona-runtime", basename(addonHome), "better-sqlite3", "bindings", "zod", "@opentelemetry/api"];
  const packages = JSON.parse(library.stdout) as string[];
  expect(packages).toEqual(expect.arrayContaining(["persona-runtime", "better-sqlite3"]));
  expect(packages.filter((name) => !allowed.includes(name))).toEqual([]);
  const server = await runInProject("server.mjs", graph("persona-runtime/server", "if (!serve) throw 1;"));
  expect(JSON.parse(server.stdout)).toContain("fastify");
});

test("the README's example of a voice runs", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, example = ""] = /^```js\n(import \{ VoiceStream .*?)^```$/ms.exec(readme) ?? [];
  expect(example).toContain("finish");
  expect(await runInProject("readme-voice.mjs", example)).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("voices are an entry of their own, for which nothing of the runtime is loaded", async () => {
  const work = `
const { detectSpeech, VoiceStream } = await import("persona-runtime/voice");
detectSpeech(new Float32Array(16000), { sampleRate: 16000 });
const stream = new VoiceStream({ format: { sampleRate: 8000 }, onEvent() {} });
await stream.write(new Uint8Array(160));
await stream.finish();`;
  const voice = await runInProject("voice.mjs", graph("persona-runtime/voice", work));
  expect(voice.stderr).toBe("");
  const allowed = ["persona-runtime", basename(addonHome), "zod"];
  expect((JSON.parse(voice.stdout) as string[]).filter((name) => !allowed.includes(name))).toEqual([]);
  const loaded = (await runInProject("files.mjs", files("persona-runtime/voice"))).stdout.trim().split("\n");
  expect(
    loaded.filter(
      (file) => !/^(voice[./]|(addon|clock|counted|errors|faults|inputs|layout|manifest|tokens)\.js$)/.test(file),
    ),
  ).toEqual([]);
});

test("models are an entry of their own, which says what to install", async () => {
  const source = (kind: string) => `
import { providers } from "persona-runtime/ai";
import { createRuntime } from "persona-runtime";
const configured = { local: { kind: "${kind}", baseUrl: "http://127.0.0.1:9/v1", apiKey: "none", allowPrivate: true } };
const models = await providers(configured, { default: "local:m" }).catch(({ code, message }) => console.log(code, message));
const runtime = await createRuntime({ store: "memory", ...(models && { providers: models }) });
console.log((await runtime.enroll({ id: "ada", name: "Ada" })).cognition);
await runtime.close();`;
  const without = await runInProject("models.mjs", source("anthropic"));
  expect(without).toMatchObject({ code: 0, stderr: "" });
  expect(without.stdout).toMatch(/^package_missing .*npm install ai@7\nrehearsal\n$/);
  link(project, ["ai", "@ai-sdk/openai-compatible"]);
  const other = await runInProject("models.mjs", source("anthropic"));
  expect(other.stdout).toMatch(/^package_missing .*npm install @ai-sdk\/anthropic@4\n/);
  const models = await runInProject("models.mjs", source("openai-compatible"));
  expect(models).toEqual({ code: 0, stdout: "provider\n", stderr: "" });
});

test.each([
  ["Models", 'console.log(runtime.status("ada").cognition);', /^provider\n$/],
  ["Sessions that go through steps", "console.log((await runtime.session(id)).progress.step_index);", /^1\n$/],
  ["Personas that fit", "console.log(core.mapper_id, suggestions[0].description);", /^team_host It has been 45 days\./],
])("the README's example below %s runs", async (heading, ending, said) => {
  link(project, ["ai", "@ai-sdk/openai-compatible", "@ai-sdk/anthropic"]);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, example = ""] = new RegExp(`^## ${heading}\n\n\`\`\`js\n(.*?)^\`\`\`$`, "ms").exec(readme) ?? [];
  const opened = `const runtime = await createRuntime({ store: "memory" });
await runtime.enroll({ id: "ada", name: "Ada" });`;
  const source = `import { createRuntime } from "persona-runtime";
process.env.CLAUDE_KEY = "none";
${example.includes("createRuntime") ? "" : opened}
${example.replace("cast.db", "models.db")}
${ending}
await runtime.close();`;
  const { code, stdout, stderr } = await runInProject("readme-part.mjs", source);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(said);
});

test("a store in PostgreSQL says what to install", async () => {
  const run = await runInProject(
    "postgres.mjs",
    `
import { createRuntime } from "persona-runtime";
await createRuntime({ store: "postgres:///x" }).catch(({ code, message }) => console.log(code, message));`,
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(/^package_missing .*: npm install pg@8\n$/);
});

test.each(["import.mjs", "require.cjs"])(
  "every entry loads after %s, also without the optional packages",
  async (name) => {
    const { exports } = JSON.parse(
      readFileSync(join(project, "node_modules/persona-runtime/package.json"), "utf8"),
    ) as { exports: Record<string, unknown> };
    const entries = Object.keys(exports)
      .filter((entry) => !entry.endsWith(".json"))
      .map((entry) => `persona-runtime${entry.slice(1)}`);
    expect(entries).toEqual(
      expect.arrayContaining(["persona-runtime", "persona-runtime/server", "persona-runtime/ai"]),
    );
    const load = name === "require.cjs" ? "require" : "await import";
    const source = entries.map((entry) => `console.log(Object.keys(${load}("${entry}")).length > 0);`).join("\n");
    expect(await runInProject(name, source)).toEqual({ code: 0, stdout: "true\n".repeat(entries.length), stderr: "" });
  },
);

test("nothing but the named entries can be imported", async () => {
  const { stderr } = await runInProject("inner.mjs", 'import "persona-runtime/dist/addon.js";');
  expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

const TYPED = `
export async function typed() {
  const runtime = await createRuntime({ store: "memory" });
  const server: { url: string } = await serve({ runtime, port: 0 });
  // @ts-expect-error: a store is a file name or "memory".
  await createRuntime({ store: 7 });
  return server;
}
`;

test("its types are found, from ES modules and CommonJS", async () => {
  const sources = {
    "types.mts": 'import { createRuntime } from "persona-runtime";\nimport { serve } from "persona-runtime/server";',
    "types.cts":
      'import library = require("persona-runtime");\nimport server = require("persona-runtime/server");\nconst { createRuntime } = library;\nconst { serve } = server;',
  };
  for (const [name, load] of Object.entries(sources)) writeFileSync(join(project, name), `${load}\n${TYPED}`);
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", ""];
  const words = [tsc, ...options, ...Object.keys(sources)];
  expect(await execute(process.execPath, words, { cwd: project })).toMatchObject({ code: 0, stdout: "" });
});

describe("without its addon", () => complains(() => packed));
