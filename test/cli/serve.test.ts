import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, expect, test } from "vitest";
import { execute, personaRuntime, type Serving, startServer, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";

interface Said {
  readonly message_id: string;
  readonly conversation_id: string;
  readonly reply: { readonly id: string; readonly text: string };
}

async function say({ url }: Serving, text: string): Promise<Said> {
  const response = await fetch(`${url}/v1/personas/ada/messages?wait=30`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Said;
}

async function stop(server: Serving, signal: NodeJS.Signals): Promise<void> {
  server.kill(signal);
  expect(await server.ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/Stopped\.\n$/) });
}

test("it serves, stops cleanly on a signal, and knows after a restart what was said before", async () => {
  const data = temporaryFolder();
  const first = await startServer("--data", data);
  const said = await say(first, "Remember the milk.");
  expect(said.reply.text).toContain("Remember the milk.");
  const renamed = await fetch(`${first.url}/v1/enrollments/ada`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Lady Ada" }),
  });
  expect(renamed.status).toBe(200);
  await stop(first, "SIGTERM");

  const second = await startServer("--data", data);
  expect(second.stdout()).toContain("Talk to Lady Ada");
  const kept = await (await fetch(`${second.url}/v1/sessions/${said.conversation_id}/messages`)).text();
  expect(kept).toContain(said.message_id);
  expect(kept).toContain(said.reply.id);
  await stop(second, "SIGINT");
});

test("without the built-in cast it says how to make somebody", async () => {
  const server = await startServer("--store", "memory", "--no-built-in");
  expect(server.stdout()).toContain("0 personas, 0 roles, 0 sequences");
  expect(server.stdout()).toContain("There is no persona yet; POST ");
  await stop(server, "SIGTERM");
});

describe("the curl that it prints", () => {
  needs("curl");

  test("prints the answer", async () => {
    const server = await startServer("--store", "memory");
    const line = server.stdout().match(/^ {2}(curl .*)$/m)?.[1] ?? "";
    const { stdout, code } = await execute("sh", ["-c", line]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\[rehearsal: .*Ada here\. I heard “Hello! What can you do for me\?”/);
    await stop(server, "SIGTERM");
  });

  test("prints it also where a key is wanted", async () => {
    const data = temporaryFolder();
    const made = await personaRuntime("keys", "create", "--user", "root", "--data", data);
    const server = await startServer("--data", data, "--set", "auth.mode=required");
    const line = server.stdout().match(/^ {2}(curl .*)$/m)?.[1] ?? "";
    const env = { ...process.env, PERSONA_RUNTIME_KEY: made.stdout.trim() };
    expect((await execute("sh", ["-c", line], { env })).stdout).toMatch(/^\[rehearsal: .*Ada here/);
    await stop(server, "SIGTERM");
  });
});

test("a second server on the same data names the first one", async () => {
  const data = temporaryFolder();
  const first = await startServer("--data", data);
  const second = await personaRuntime("serve", "--port", "0", "--data", data);
  expect(second).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^persona-runtime: store_locked: .*\n$/),
  });
  expect(second.stderr).toContain(String(first.pid));
  await stop(first, "SIGTERM");
});

test("a port in use is told", async () => {
  const first = await startServer("--store", "memory");
  const port = new URL(first.url).port;
  const second = await personaRuntime("serve", "--port", port, "--data", temporaryFolder());
  expect(second).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^persona-runtime: port_in_use: .*\n$/),
  });
  expect(second.stderr).toContain(port);
  await stop(first, "SIGTERM");
});

/** A request whose head the server has read, and whose body is still under way. */
async function unfinishedRequest({ url }: Serving) {
  const body = JSON.stringify({ text: "Are you still there?" });
  const call = request(`${url}/v1/personas/ada/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": body.length, expect: "100-continue" },
  });
  const status = once(call, "response").then(([response]) => (response as IncomingMessage).resume().statusCode);
  call.flushHeaders();
  await once(call, "continue");
  return { status, finish: () => call.end(body) };
}

test("a request under way is answered before it ends", async () => {
  const server = await startServer("--store", "memory");
  const { status, finish } = await unfinishedRequest(server);
  server.kill("SIGTERM");
  await server.printed(/SIGTERM/);
  finish();
  expect([202, 503]).toContain(await status);
  expect(await server.ended).toMatchObject({ code: 0 });
});

test("the grace ends", async () => {
  const server = await startServer("--store", "memory", "--grace-ms", "300");
  const { status } = await unfinishedRequest(server);
  const cut = expect(status).rejects.toThrow();
  await stop(server, "SIGTERM");
  await cut;
});

test("a second signal ends it at once", async () => {
  const server = await startServer("--store", "memory", "--grace-ms", "3600000");
  const { status } = await unfinishedRequest(server);
  const cut = expect(status).rejects.toThrow();
  // What comes right after the first signal is the same one, passed on by npm: so it takes several.
  const impatient = setInterval(() => server.kill("SIGTERM"), 50);
  const { code, stdout } = await server.ended.finally(() => clearInterval(impatient));
  expect(code).toBe(128 + 15);
  expect(stdout).toContain("A second signal ends at once");
  await cut;
});

test.each<[string, readonly string[], number, RegExp]>([
  [
    "a wrong option",
    ["serve", "--prot", "1"],
    2,
    /^persona-runtime: invalid_input: Unknown option '--prot'\. Did you mean --port\? See persona-runtime --help\.\n$/,
  ],
  [
    "a foreign address",
    ["serve", "--store", "memory", "--host", "0.0.0.0"],
    1,
    /^persona-runtime: bind_refused: .*\n$/,
  ],
  [
    "a missing seed file",
    ["serve", "--store", "memory", "--seeds", "nowhere"],
    1,
    /^persona-runtime: invalid_input: .*\n$/,
  ],
])("%s is one line on stderr and an exit code", async (_, words, code, stderr) => {
  expect(await personaRuntime(...words)).toEqual({ code, stdout: "", stderr: expect.stringMatching(stderr) });
});

test("--help and --version", async () => {
  expect(await personaRuntime("--help")).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringContaining("Usage: persona-runtime [options] [command]"),
  });
  expect(await personaRuntime("--version")).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});
