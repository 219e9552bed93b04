/** SIGTERM while everybody talks to the built server, on each Node.js: it drains within its grace, and loses nothing. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { MAIN, type Serving, serving, temporaryFolder, UNHURRIED } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { NODES, type NodeVersion } from "../support/nodes.ts";
import { audit } from "./audit.ts";

needs("nodes");

const TALKERS = 64;
const ACCEPTED_BEFORE = 1_000;
const GRACE_MS = 60_000;

function serveOn({ file, env }: NodeVersion, store: string): Promise<Serving> {
  const words = [MAIN, "serve", "--port", "0", "--grace-ms", `${GRACE_MS}`, "--store", store, ...UNHURRIED];
  return serving(spawn(file, words, { env, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Talks until the server takes no more, with a signal to it in the middle; gives the items that it accepted. */
async function talkUntilEnd(server: Serving): Promise<string[]> {
  const accepted: string[] = [];
  let signalled = false;
  /** False: it is ending. */
  async function say(talker: number): Promise<boolean> {
    const persona = ["ada", "mira", "noor", "sol"][talker % 4];
    // Some wait for their reply, and must not be left waiting.
    const wait = talker % 3 === 0 ? "?wait=30" : "";
    let status: number;
    let said: { items: { id: string }[]; code?: string };
    try {
      const response = await fetch(`${server.url}/v1/personas/${persona}/messages${wait}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: `I am ${talker}.`, from: `user:${talker}` }),
      });
      status = response.status;
      said = (await response.json()) as typeof said;
    } catch (error) {
      if (signalled) return false;
      throw error;
    }
    if (status === 503 && signalled) return false;
    expect([200, 202], JSON.stringify(said)).toContain(status);
    for (const { id } of said.items) accepted.push(id);
    return true;
  }
  await Promise.all(
    Array.from({ length: TALKERS }, async (_, talker) => {
      while (await say(talker)) {
        if (accepted.length < ACCEPTED_BEFORE || signalled) continue;
        signalled = true;
        server.kill("SIGTERM");
      }
    }),
  );
  return accepted;
}

describe.each(NODES)("Node.js $version", (node) => {
  it.each(["memory", "kept.db"])("with the store %s", async (name) => {
    const store = name === "memory" ? name : join(temporaryFolder(), name);
    const server = await serveOn(node, store);
    const accepted = await talkUntilEnd(server);
    const { code, stdout, stderr } = await server.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/Stopped\.\n$/) });
    // It tells of requests whose replies have to wait for the next start, and of nothing else.
    for (const line of stderr.split("\n").filter(Boolean)) {
      expect(JSON.parse(line)).toMatchObject({ err: { code: "runtime_closed" } });
    }
    expect(new Set(accepted).size).toBe(accepted.length);
    if (store === "memory") return;
    expect(unfinishedTurns(store)).toEqual([]);
    audit(store);
    await nextStartAnswers(store, accepted);
    expect(audit(store)).toMatchObject({ undecided: 0, declined: 0, dead: 0 });
  });
});

/** Turns that the grace was too short for. */
function unfinishedTurns(file: string): unknown[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare("SELECT key, outcome FROM turn WHERE outcome IS NOT 'answered'").all();
  } finally {
    database.close();
  }
}
