/** The catalogue of a server that is started, changed, stopped and started again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { personaRuntime, type Serving, startServer, temporaryFolder } from "../support/command-line.ts";

const SEEDS = `
[[personas]]
id = "eve"
display_name = "Eve"
default_role = "host"

[[personas]]
id = "broken"
display_name = " "

[[roles]]
id = "host"
display_name = "Host"
system_prompt = "Be kind."
`;

interface Answer {
  readonly status: number;
  readonly tag: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was answered
  readonly body: any;
}

async function call(
  { url }: Serving,
  route: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = "", path] = route.split(" ");
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(`${url}${path}`, { method, headers: { ...type, ...headers }, ...json });
  const text = await answer.text();
  return {
    status: answer.status,
    tag: answer.headers.get("etag") ?? "",
    body: text === "" ? undefined : JSON.parse(text),
  };
}

async function stop(server: Serving): Promise<string> {
  server.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  expect(code).toBe(0);
  return stderr;
}

test("what was changed lies over the seeds, also after a restart, until it is taken back", async () => {
  const folder = temporaryFolder();
  const seeds = join(folder, "seeds.toml");
  writeFileSync(seeds, SEEDS);
  const start = () => startServer("--data", folder, "--seeds", seeds);

  const first = await start();
  expect(first.stdout()).toMatch(/^ {2}catalogue {2}\d+ personas, \d+ roles, \d+ sequences$/m);
  const ada = await call(first, "GET /v1/personas/ada");
  expect(ada.body).toMatchObject({ source: "builtin", version: 0 });
  const renamed = await call(first, "PATCH /v1/personas/ada", { display_name: "Lady Ada" }, { "if-match": ada.tag });
  expect(renamed).toMatchObject({ status: 200, body: { source: "store", version: 1 } });
  const host = await call(first, "GET /v1/roles/host");
  const kinder = { ...host.body, system_prompt: "Be kinder." };
  expect((await call(first, "PUT /v1/roles/host", kinder, { "if-match": host.tag })).status).toBe(200);
  expect((await call(first, "DELETE /v1/personas/eve")).status).toBe(204);
  expect((await call(first, "POST /v1/personas", { id: "new", display_name: "New" })).status).toBe(201);
  // One is left out of the seed file, and told with its line.
  expect(await stop(first)).toMatch(
    /^persona-runtime: \w+: .*seeds\.toml, line 9: personas "broken": display_name: .*\n$/,
  );

  const second = await start();
  expect((await call(second, "GET /v1/personas/ada")).body).toEqual(renamed.body);
  expect((await call(second, "GET /v1/personas/ada")).tag).toBe(renamed.tag);
  expect((await call(second, "GET /v1/roles/host")).body).toMatchObject({
    source: "store",
    system_prompt: "Be kinder.",
  });
  expect((await call(second, "GET /v1/personas/eve")).status).toBe(404);
  expect((await call(second, "GET /v1/personas/broken")).status).toBe(404);
  const resolved = await call(second, "POST /v1/sessions/resolve", { persona_id: "new", role_id: "host" });
  expect(resolved.body).toMatchObject({ display_name: "New", system_prompt: "Be kinder." });
  const reply = await call(second, "POST /v1/personas/new/messages?wait=30", { text: "Hello" });
  expect(reply).toMatchObject({ status: 200, body: { reply: { persona: "new" } } });
  expect((await call(second, "POST /v1/roles/host/reset")).body).toMatchObject({
    source: "toml",
    system_prompt: "Be kind.",
  });
  expect((await call(second, "POST /v1/personas/eve/reset")).body).toMatchObject({ id: "eve", source: "toml" });
  expect((await call(second, "POST /v1/personas/new/reset")).status).toBe(204);
  await stop(second);

  const third = await start();
  expect((await call(third, "GET /v1/roles/host")).body).toMatchObject({ source: "toml", system_prompt: "Be kind." });
  expect((await call(third, "GET /v1/personas/eve")).status).toBe(200);
  expect((await call(third, "GET /v1/personas/new")).status).toBe(404);
  expect((await call(third, "PATCH /v1/personas/ada", {}, { "if-match": ada.tag })).status).toBe(412);
  await stop(third);
});

test("what one server exports another one imports", async () => {
  const [one, other] = [
    await startServer("--store", "memory"),
    await startServer("--store", "memory", "--no-built-in"),
  ];
  const { body, tag } = await call(one, "GET /v1/personas/ada");
  await call(one, "PUT /v1/personas/ada", { ...body, tags: ["mine"] }, { "if-match": tag });
  const file = join(temporaryFolder(), "all.toml");
  expect((await personaRuntime("catalogue", "export", file, "--all", "--url", one.url)).code).toBe(0);
  expect((await personaRuntime("catalogue", "validate", file)).code).toBe(0);
  const imported = await personaRuntime("catalogue", "import", file, "--url", other.url);
  expect(imported).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/, 0 changed, 0 unchanged, 0 refused\.\n$/),
  });
  expect((await call(other, "GET /v1/personas/ada")).body).toMatchObject({ source: "store", tags: ["mine"] });
  const again = await personaRuntime("catalogue", "import", file, "--url", one.url);
  expect(again.stdout).toMatch(/^0 created, 0 changed, \d+ unchanged, 0 refused\.\n$/);
  await Promise.all([stop(one), stop(other)]);
});

test("the defaults of the configuration hold where no role says anything, and writes can be turned off", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "persona-runtime.toml");
  writeFileSync(join(folder, "mine.json"), JSON.stringify({ personas: [{ id: "eve", display_name: "Eve" }] }));
  writeFileSync(
    file,
    '[server]\nstore = "memory"\n[catalogue]\nseeds = "mine.json"\nbuilt_in = false\nwrites = false\n[catalogue.defaults]\nlocale = "de"\ntemperature = 0.3\n',
  );
  const server = await startServer("--config", file);
  const { body } = await call(server, "POST /v1/sessions/resolve", { persona_id: "eve" });
  expect(body).toMatchObject({
    locale: "de",
    temperature: 0.3,
    provenance: { locale: "server", temperature: "server" },
  });
  expect(await call(server, "DELETE /v1/personas/eve")).toMatchObject({
    status: 405,
    body: { code: "writes_disabled" },
  });
  expect((await call(server, "GET /v1/personas")).body.personas).toHaveLength(1);
  await stop(server);
});
