import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { printable } from "../../src/cli/terminal.ts";
import { type Cognition, createRuntime } from "../../src/index.ts";
import { serve } from "../../src/server.ts";
import {
  execute,
  feed as feedTo,
  MAIN,
  personaRuntime,
  temporaryFolder,
  UNHURRIED_LIMITS,
} from "../support/command-line.ts";

/** A server of this process, and the command as a child that is told where it is. */
async function running(cognition?: Cognition) {
  const runtime = await createRuntime({ store: "memory", ...(cognition && { cognition }) });
  const server = await serve({ runtime, port: 0, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await Promise.all([server.close(), runtime.close({ graceMs: 0 })]);
  });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const environment = { ...process.env, PERSONA_RUNTIME_URL: server.url };
  const run = (...words: string[]) => execute(process.execPath, [MAIN, ...words], { env: environment });
  const feed = (input: string, ...words: string[]) => feedTo(input, words, environment);
  return { runtime, server, run, feed };
}

const failed = (stderr: RegExp) => ({ code: 1, stdout: "", stderr: expect.stringMatching(stderr) });

describe("send", () => {
  test("says that the message is stored", async () => {
    const { run, runtime } = await running(() => "Hi.");
    const waited = await run("send", "ada", "Hello", "--wait", "--json");
    expect(JSON.parse(waited.stdout)).toMatchObject({ reply: { persona: "ada" }, replayed: false });
    const { stdout, code } = await run("send", "ada", "Hello", "--json", "--idempotency-key", "k");
    expect(code).toBe(0);
    const accepted = JSON.parse(stdout) as { message_id: string; items: { id: string }[] };
    await expect(runtime.item(accepted.items[0]?.id ?? "")).resolves.toMatchObject({ message: accepted.message_id });
    expect((await run("send", "ada", "Hello", "--idempotency-key", "k")).stdout).toContain(accepted.message_id);
  });

  test("waits for the reply", async () => {
    const { run, feed } = await running((turn) => `You said: ${turn.text} (${turn.trigger.from.id})`);
    const spoken = await run("send", "ada", "Hello", "--wait", "--from", "user:7");
    expect(spoken).toEqual({ code: 0, stdout: "You said: Hello (user:7)\n", stderr: "" });
    expect((await feed("from a pipe\n", "send", "ada", "-", "--wait")).stdout).toContain("You said: from a pipe (");
  });

  test("prints the tokens while they come, and what of the reply was not heard", async () => {
    const heard = Promise.withResolvers<void>();
    const { server } = await running(async (turn) => {
      turn.stream("One, ");
      await heard.promise;
      turn.stream("two");
      return "One, two, three.";
    });
    const child = spawn(process.execPath, [MAIN, "send", "ada", "Count", "--stream", "--url", server.url]);
    child.stdout.setEncoding("utf8");
    const [first] = (await once(child.stdout, "data")) as [string];
    expect(first).toBe("One, ");
    let more = "";
    child.stdout.on("data", (text: string) => {
      more += text;
    });
    heard.resolve();
    await once(child, "close");
    expect(first + more).toMatch(/^One, two, three\.\n$|^One, two\nOne, two, three\.\n$/);
  });

  test("a declined message and an unknown persona are told with the server's code", async () => {
    const { run } = await running(() => ({ decline: "not_today" }));
    expect(await run("send", "ada", "Hello", "--wait")).toEqual(failed(/^persona-runtime: declined: .*not_today.*\n$/));
    expect(await run("send", "bob", "Hello")).toEqual(failed(/^persona-runtime: persona_not_found: .*"bob".*\n$/));
    expect(await run("send", "ada", " ")).toMatchObject({ code: 2, stderr: expect.stringContaining("blank") });
  });

  test("Ctrl+C ends it without a word", async () => {
    const { server } = await running(() => new Promise<string>(() => {}));
    const child = spawn(process.execPath, [MAIN, "send", "ada", "Hello", "--wait", "--url", server.url]);
    const said: unknown[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: unknown) => said.push(data));
    const ended = once(child, "close");
    const { promise: accepted, resolve } = Promise.withResolvers<void>();
    const watch = setInterval(() => {
      fetch(`${server.url}/v1/status`)
        .then((answer) => answer.json() as Promise<{ accepted: number }>)
        .then((status) => status.accepted > 0 && resolve(), resolve);
    }, 50);
    await accepted;
    clearInterval(watch);
    child.kill("SIGINT");
    expect(await ended).toEqual([null, "SIGINT"]);
    expect(said).toEqual([]);
  });
});

describe("enroll", () => {
  const TOML = `
# Two of them.
[[personas]]
id = "x"
name = "X"
settings.max_queued = 5

[[personas]]
id = "y"
name = "Y"
`;

  test("enrolls the personas of a file, and changes them the next time", async () => {
    const { run, runtime } = await running();
    const file = join(temporaryFolder(), "cast.toml");
    writeFileSync(file, TOML);
    expect(await run("enroll", file)).toEqual({ code: 0, stdout: "2 enrolled, 0 changed, of 2.\n", stderr: "" });
    expect(runtime.status("x").settings.maxQueued).toBe(5);
    expect(JSON.parse((await run("enroll", file, "--json")).stdout)).toEqual({ enrolled: [], changed: ["x", "y"] });
  });

  test("takes JSON from the input, one persona or several", async () => {
    const { feed, runtime } = await running();
    await feed('{ "id": "q", "name": "Q", "settings": { "maxQueued": 3 } }', "enroll", "-");
    await feed('[{ "id": "r", "name": "R", "settings": { "max_queued": 4 } }]', "enroll", "-");
    expect([runtime.status("q"), runtime.status("r")].map(({ settings }) => settings.maxQueued)).toEqual([3, 4]);
  });

  test("names every fault with its line, and enrolls nobody", async () => {
    const { feed, runtime } = await running();
    const broken = `${TOML}nick = 1\n[[personas]]\nid = "x"\nname = " "\n[personas.settings]\nmax_queued = 0\n`;
    const { code, stderr } = await feed(broken, "enroll", "-");
    expect(code).toBe(1);
    for (const part of [
      "[1].nick: is no known field (line 11, column 1)",
      "[2].name: must not be blank (line 14, column 1)",
      "[2].settings.maxQueued: Too small: expected number to be >=1 (line 16, column 1)",
    ])
      expect(stderr).toContain(part);
    expect(runtime.personas().map(({ id }) => id)).toEqual(["ada"]);
    expect((await feed("[[personas]]\nid = ", "enroll", "-")).stderr).toContain("is not TOML (line 2, column ");
    expect((await feed("[{]", "enroll", "-")).stderr).toContain("is not JSON (line 1, column 3): ");
  });

  test("a file that is not there", async () => {
    const { run } = await running();
    expect(await run("enroll", "nowhere.json")).toEqual(
      failed(/^persona-runtime: invalid_input: nowhere\.json cannot be read/),
    );
  });
});

test("status shows the fleet, and one persona", async () => {
  const { run, runtime } = await running();
  const ready = await run("status");
  expect(ready.stdout).toMatch(/^ready +true\n.*^personas +1\n.*^lanes\.chat +0$/ms);
  await runtime.configure("ada", { settings: { paused: true } });
  await runtime.send("ada", "Hello", { from: "user:7" }).accepted;
  expect((await run("status", "ada")).stdout).toMatch(
    /^held +paused\nheld_since +\d{4}-.*Z\n.*\.held\.gate +paused$/ms,
  );
  expect(JSON.parse((await run("status", "ada", "--json")).stdout)).toMatchObject({ id: "ada", queued: 1 });
  expect(await run("status", "bob")).toEqual(failed(/^persona-runtime: persona_not_found: /));
});

describe("what is no server of ours", () => {
  test("nobody answers", async () => {
    expect(await personaRuntime("status", "--url", "http://127.0.0.9:8787")).toEqual(
      failed(/^persona-runtime: server_unreachable: .*ECONNREFUSED.*--url\.\n$/),
    );
    for (const url of ["nonsense", "localhost:8787", "ftp://127.0.0.1", "http://root:hunter2@127.0.0.1:8787"]) {
      const { code, stderr } = await personaRuntime("status", "--url", url);
      expect([url, code, stderr]).toEqual([
        url,
        2,
        expect.stringMatching(/^persona-runtime: invalid_input: --url .* must /),
      ]);
      expect(stderr).not.toContain("hunter2");
    }
  });

  test("somebody else answers", async () => {
    const { run } = await running();
    const other = createServer((_, response) => void response.end("<html>")).listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await run("status", "--url", url)).toEqual(failed(/^persona-runtime: server_foreign: .* answered 200, /));
  });
});

test("nothing that is said can steer a terminal", () => {
  const said = "\u001b]0;title\u0007\u001b[2J\u009b31mred\r\n\tend";
  expect(printable(said, { isTTY: true })).toBe("]0;title[2J31mred\n\tend");
  expect(printable(said, {})).toBe(said);
});
