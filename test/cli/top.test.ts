import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grouped, LINES_ABOVE, linesOf, loadPage, spendingPage } from "../../src/cli/top-view.ts";
import { createRuntime, type Runtime } from "../../src/index.ts";
import { type Server, serve } from "../../src/server.ts";
import { execute, MAIN, personaRuntime, UNHURRIED_LIMITS } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";

const FLEET = 100_000;
const BUSY = 3_000;

let runtime: Runtime;
let server: Server;

const idOf = (n: number) => `p${`${n}`.padStart(6, "0")}`;

/** The busiest is the last; nothing is answered. */
beforeAll(async () => {
  runtime = await createRuntime({ store: "memory" });
  await Promise.all(
    Array.from({ length: FLEET }, (_, n) =>
      runtime.enroll({ id: idOf(n), name: `Number ${n}`, instructions: "x".repeat(200), settings: { paused: true } }),
    ),
  );
  for (let n = 0; n < BUSY; n += 1) await runtime.send(idOf(FLEET - 1 - n), "Hello", { from: "user:7" }).accepted;
  for (let n = 0; n < 5; n += 1) await runtime.send(idOf(FLEET - 1), "Hello", { from: "user:7" }).accepted;
  await runtime.send(idOf(FLEET - 2), "Hello", { from: "user:7" }).accepted;
  server = await serve({ runtime, port: 0, limits: UNHURRIED_LIMITS });
});

afterAll(() => Promise.all([server.close(), runtime.close({ graceMs: 0 })]));

test("of a hundred thousand it shows the busiest, most first, and asks for no more", async () => {
  const { stdout, stderr, code } = await personaRuntime("top", "--url", server.url, "--limit", "30");
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(LINES_ABOVE + 30);
  expect(lines[0]).toContain("100 000 personas, 1–30 of 3 000 busy, by queued");
  expect(lines[1]).toContain("queued 3 006");
  expect(lines[4]).toMatch(/^persona +queued +in store +in flight +held by +for +name$/);
  expect(lines[5]).toMatch(/^p099999 +6 +0 +0 +paused +Number 99999$/);
  expect(lines[6]).toMatch(/^p099998 +2 +0 +0 +paused +Number 99998$/);
  expect(stdout).not.toContain("\u001b");
  const page = await (await fetch(`${server.url}/v1/busiest?limit=30`)).text();
  expect(page.length).toBeLessThan(10_000);
});

test("by spend it shows who spent most on models", async () => {
  const { stdout } = await personaRuntime("top", "--url", server.url, "--sort", "spend");
  expect(stdout).toContain("100 000 personas, nobody spent anything, by spend");
  const one = { calls: 2, input_tokens: 1_000, output_tokens: 20, unconfirmed: 0, unpriced: 1 };
  const spending = [
    { of: "ada", usd: 1.5, ...one },
    { of: "max", usd: 0.25, ...one },
  ];
  const second = spendingPage({ spending, more: true }, 1);
  expect(second).toMatchObject({ title: "2–2 of the last 24 hours", more: true });
  expect(second.rows).toEqual([["max", "0.2500", "2", "1 000", "20", "1"]]);
});

test("as JSON it has the same", async () => {
  const { stdout } = await personaRuntime("top", "--url", server.url, "--limit", "1", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ busy: BUSY, personas: [{ id: "p099999", queued: 6 }] });
});

describe("on a terminal", () => {
  needs("script");

  /** The command with a terminal of 20 rows; what it draws comes out of the child. */
  function onTerminal(environment: Readonly<Record<string, string>> = {}) {
    const line = `stty rows 20 cols 100; exec "${process.execPath}" "${MAIN}" top --url "${server.url}" --interval 1`;
    const child = spawn("script", ["-qec", line, "/dev/null"], {
      env: { ...process.env, TERM: "xterm", ...environment },
    });
    let drawn = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      drawn += text;
    });
    const ended = once(child, "close");
    return {
      press: (key: string) => void child.stdin.write(key),
      async until(pattern: RegExp) {
        while (!pattern.test(drawn))
          await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error(drawn)))]);
      },
      async end() {
        const [code] = (await ended) as [number];
        return { code, drawn };
      },
    };
  }

  test("it is drawn in place, turns pages, sorts otherwise, and leaves the terminal as it was", async () => {
    const top = onTerminal();
    await top.until(/1–14 of 3 000 busy, by queued.*p099999 .*q quits/s);
    top.press("n");
    await top.until(/15–28 of 3 000 busy/);
    top.press("p");
    top.press("s");
    await top.until(/by in_flight/);
    top.press("s");
    await top.until(/nobody spent anything, by spend.*without a price/s);
    top.press("q");
    const { code, drawn } = await top.end();
    expect(code).toBe(0);
    expect(drawn.startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
    expect(drawn.trimEnd().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    // A page never scrolls: between two of them the cursor goes home.
    for (const page of drawn.split("\u001b[H").slice(1)) expect(page.split("\n").length).toBeLessThanOrEqual(20);
  });

  test("Ctrl+C ends it like q", async () => {
    const top = onTerminal();
    await top.until(/q quits/);
    top.press("\u0003");
    expect(await top.end()).toMatchObject({ code: 0, drawn: expect.stringMatching(/\?1049l\s*$/) });
  });

  test("without colours if NO_COLOR says so", async () => {
    const { NO_COLOR: _, ...colours } = { NO_COLOR: "", FORCE_COLOR: "1" };
    const plain = onTerminal({ NO_COLOR: "1" });
    await plain.until(/q quits/);
    plain.press("q");
    expect((await plain.end()).drawn).not.toContain("\u001b[7m");
    const styled = onTerminal(colours);
    await styled.until(/q quits/);
    styled.press("q");
    expect((await styled.end()).drawn).toContain("\u001b[7m");
  });
});

test("who cannot be asked is told", async () => {
  const { code, stderr } = await execute(process.execPath, [
    MAIN,
    "top",
    "--url",
    "http://127.0.0.1:9",
    "--sort",
    "queued",
  ]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^persona-runtime: server_unreachable: /),
  });
  const wrong = await personaRuntime("top", "--sort", "spend-all");
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Allowed choices are queued, in_flight, spend."),
  });
  expect(await personaRuntime("top", "--interval", "0")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--interval must be a whole number from 1 to 3600, not "),
  });
});

test("what happens in a second is the difference of two looks", () => {
  const lanes = { voice: 0, chat: 0, task: 0, background: 0 };
  const fleet = {
    personas: 2,
    queued: 0,
    in_store: 0,
    in_flight: 0,
    lanes,
    dead: 0,
    retried: 0,
    refused: 0,
    store: "memory" as const,
  };
  const look = (at: number, answered: number) => ({
    at,
    fleet: { ...fleet, accepted: answered, answered, declined: 0 } as never,
    page: loadPage({ busy: 0, personas: [] }, 0, at),
  });
  const view = { url: "u", sort: "queued" as const, fault: undefined };
  expect(linesOf({ ...view, now: look(3_000, 25), before: look(1_000, 5) })).toContain(
    "per second: accepted 10.0   answered 10.0   declined 0.0   retried 0.0",
  );
  const first = linesOf({ ...view, now: look(3_000, 25), before: undefined, fault: "gone" });
  expect(first[0]).toBe("u  2 personas, nobody is busy, by queued  !! gone");
  expect(first[2]).toBe("per second: –");
  expect([0, 999, 1_000, 1_234_567].map(grouped)).toEqual(["0", "999", "1 000", "1 234 567"]);
});
