/** What the configuration says is what the server does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { execute, MAIN, personaRuntime, startServer, temporaryFolder } from "../support/command-line.ts";
import { until } from "../support/event-loop.ts";
import { modelServer, say } from "../support/model-server.ts";
import { listenForTelemetry } from "../telemetry/collector.ts";

test("a persona without a model is answered by the default of the file, within its budget, for those with a key", async () => {
  const folder = temporaryFolder();
  const model = await modelServer();
  onTestFinished(() => model.close());
  const file = join(folder, "persona-runtime.toml");
  writeFileSync(
    file,
    `
[server]
data = "d"
[auth]
mode = "required"
[limits.tiers.enterprise]
requests_per_minute = 60000
[providers.local]
kind = "openai-compatible"
base_url = "${model.url("openai-compatible")}"
api_key = { file = "key" }
allow_private = true
[models]
default = "local:small"
[prices."local:small"]
input_usd_per_mtok = 1
output_usd_per_mtok = 1
[budgets.turn]
tokens = 100000
[metrics]
enabled = false
`,
  );
  writeFileSync(join(folder, "key"), "sk-of-the-file\n");
  const key = (
    await personaRuntime("keys", "create", "--user", "root", "--role", "admin", "--config", file)
  ).stdout.trim();
  const server = await startServer("--config", file);
  const environment = { ...process.env, PERSONA_RUNTIME_URL: server.url, PERSONA_RUNTIME_KEY: key };
  const run = (...words: string[]) => execute(process.execPath, [MAIN, ...words], { env: environment });

  expect((await personaRuntime("send", "ada", "Hello", "--url", server.url)).stderr).toMatch(/ unauthenticated: /);
  const { stdout, stderr, code } = await run("send", "ada", "Hello", "--stream");
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toBe("Hello.\n");
  expect(model.requests).toMatchObject([
    { headers: { authorization: "Bearer sk-of-the-file" }, body: { model: "small" } },
  ]);
  const call = await fetch(`${server.url}/v1/spending`, { headers: { authorization: `Bearer ${key}` } });
  expect(await call.json()).toMatchObject({ spending: [{ of: "ada", calls: 1 }] });
  expect((await run("top", "--sort", "spend")).stdout).toMatch(/^ada +0\.\d{4} +1 /m);
  expect((await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(404);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0 });
  expect((await server.ended).stdout).not.toContain("sk-of-the-file");
});

test("turns are told to the collector of the file, and written to its recording", async () => {
  const folder = temporaryFolder();
  const collector = await listenForTelemetry();
  const file = join(folder, "persona-runtime.toml");
  writeFileSync(
    file,
    `
[server]
store = "memory"
[telemetry]
otlp_url = "${collector.url}"
service_name = "of-the-file"
headers.x-key = "k"
[record]
file = "turns.jsonl"
`,
  );
  const server = await startServer("--config", file);
  expect((await personaRuntime("send", "ada", "Hello", "--wait", "--url", server.url)).code).toBe(0);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
  expect(collector.requests[0]).toMatchObject({ "x-key": "k" });
  expect(JSON.stringify(collector.resource)).toContain("of-the-file");
  expect(collector.spans.length).toBeGreaterThan(0);
  const replayed = await personaRuntime("replay", join(folder, "turns.jsonl"));
  expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/identical 1, different 0/) });
});

test("the judge of the file leads a session through the sequence of its seeds", async () => {
  const folder = temporaryFolder();
  const model = await modelServer((request, response) => {
    const verdict = JSON.stringify({ reason: "They did.", met: true });
    return say([request.body.response_format === undefined ? "Hello." : verdict])(request, response);
  });
  onTestFinished(() => model.close());
  const file = join(folder, "persona-runtime.toml");
  writeFileSync(
    file,
    `
[server]
store = "memory"
[catalogue]
seeds = "seeds.toml"
judge = "local:judge"
[providers.local]
kind = "openai-compatible"
base_url = "${model.url("openai-compatible")}"
allow_private = true
[models]
default = "local:small"
`,
  );
  const seeds = `
[[personas]]
id = "guide"
display_name = "Guide"
default_sequence = "tour"
[[sequences]]
id = "tour"
display_name = "Tour"
[[sequences.steps]]
id = "greet"
instruction = "Greet them."
exit_criteria = "They were greeted."
[[sequences.steps]]
id = "walk"
instruction = "Walk."
`;
  writeFileSync(join(folder, "seeds.toml"), seeds);
  const server = await startServer("--config", file);
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    return (await fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const { id } = (await post("/v1/sessions", { persona_id: "guide" })) as { id: string };
  await post(`/v1/sessions/${id}/messages?wait=30`, { text: "Hello" });
  const session = async () =>
    (await fetch(`${server.url}/v1/sessions/${id}`)).json() as Promise<Record<string, unknown>>;
  await until(async () => JSON.stringify(await session()).includes("They did."));
  expect(JSON.stringify(await session())).toContain('"step_id":"walk"');
  expect(model.requests.map(({ body }) => body.model)).toEqual(["small", "judge"]);
});
