/** A server is ended without a word while many talk to it over HTTP, its process or only its thread: what it accepted is decided once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { random } from "../../src/random.ts";
import { MAIN, serving, UNHURRIED } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { NODES } from "../support/nodes.ts";
import { PLACES } from "./places.ts";

needs("nodes");

const IN_WORKER = fileURLToPath(new URL("./children/serve-in-worker.ts", import.meta.url));
const TALKERS = 32;
const SEED = Number(process.env["PROOF_SEED"] ?? 1);

/** Talks to Ada until nobody answers; gives the items that were accepted, and what the last requests came to. */
async function talkUntilSilence(url: string, most: number, end: () => void): Promise<string[]> {
  const accepted: string[] = [];
  let ending = false;
  await Promise.all(
    Array.from({ length: TALKERS }, async (_, talker) => {
      for (let n = 0; ; n += 1) {
        try {
          const response = await fetch(`${url}/v1/personas/ada/messages${talker % 2 === 0 ? "?wait=30" : ""}`, {
            method: "POST",
            headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
            body: JSON.stringify({ text: `${n} of ${talker}`, from: `user:${talker}` }),
          });
          const said = (await response.json()) as { items: { id: string }[] };
          if (!response.ok) {
            // A full inbox is the only refusal while it lives.
            expect(said).toMatchObject({ code: "inbox_full" });
            continue;
          }
          for (const { id } of said.items) accepted.push(id);
        } catch (error) {
          if (ending) return;
          throw error;
        }
        if (accepted.length < most || ending) continue;
        ending = true;
        end();
      }
    }),
  );
  return accepted;
}

describe.each(PLACES)("in %s", (place, placed) => {
  const { fresh, audit } = placed();
  // PostgreSQL's part happens in a server of its own, whatever Node.js is here; and its rows are copied for each audit.
  const rounds = place === "SQLite" ? 4 : 2;
  describe.each(place === "SQLite" ? NODES : NODES.slice(-1))(
    `Node.js $version (PROOF_SEED=${SEED})`,
    ({ file: node, env }) => {
      it(`${rounds} × kill -9 while it serves`, async () => {
        const store = fresh();
        const next = random(SEED);
        const accepted: string[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const words = [MAIN, "serve", "--port", "0", "--store", store, ...UNHURRIED];
          const server = await serving(spawn(node, words, { env, stdio: ["ignore", "pipe", "pipe"] }));
          const most = 1 + Math.floor(next() * 500);
          accepted.push(...(await talkUntilSilence(server.url, most, () => server.kill("SIGKILL"))));
          expect(await server.ended).toMatchObject({ code: null, stderr: "" });
          await audit(store);
        }
        expect(new Set(accepted).size).toBe(accepted.length);
        await nextStartAnswers(store, accepted);
        expect(await audit(store)).toMatchObject({ undecided: 0 });
      });

      it(`${rounds} × its thread ended while it serves`, async () => {
        const store = fresh();
        const next = random(SEED);
        const accepted: string[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const child = spawn(node, [IN_WORKER, store], { env, stdio: ["pipe", "pipe", "inherit"] });
          onTestFinished(() => void child.kill("SIGKILL"));
          const ended = once(child, "close");
          const [url] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
          const most = 1 + Math.floor(next() * 500);
          accepted.push(...(await talkUntilSilence(url.trim(), most, () => child.stdin.write("\n"))));
          expect(await ended).toEqual([0, null]);
          await audit(store);
        }
        expect(new Set(accepted).size).toBe(accepted.length);
        await nextStartAnswers(store, accepted);
        expect(await audit(store)).toMatchObject({ undecided: 0 });
      });
    },
  );
});
