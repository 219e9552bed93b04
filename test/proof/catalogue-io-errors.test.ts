/**
 * The disk fails while the catalogue is changed: each change is answered, what was refused is nowhere, and what the server
 * shows is what the next one reads.
 */
import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { MAIN, type Serving, serving, startServer, UNHURRIED } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { failing, used } from "./failing-disk.ts";

needs("strace");

const ROLES = 20;
const ROUNDS = 8;

async function roles({ url }: Serving): Promise<readonly { id: string; system_prompt: string; version: number }[]> {
  const answer = await fetch(`${url}/v1/roles`);
  return ((await answer.json()) as { roles: { id: string; system_prompt: string; version: number }[] }).roles;
}

it.each([
  ["pwrite64", "ENOSPC", "20..60"],
  ["pwrite64", "ENOSPC", "20+"],
  ["pwrite64", "EROFS", "20..60"],
  ["pwrite64", "EIO", "20..200+7"],
  ["fsync,fdatasync", "EIO", "5..15"],
])("%s fails with %s (%s)", async (calls, error, when) => {
  const file = await used();
  const inject = `${calls}:error=${error}:when=${when}`;
  const [command = "", ...words] = [...failing(file, inject), process.execPath, MAIN, "serve", "--port", "0"];
  const server = await serving(
    spawn(command, [...words, "--store", file, "--no-built-in", "--grace-ms", "3000", ...UNHURRIED], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  const put = async (id: string, prompt: string) => {
    const known = (await roles(server)).some((role) => role.id === id);
    const answer = await fetch(`${server.url}/v1/roles/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json", ...(known ? { "if-match": "*" } : { "if-none-match": "*" }) },
      body: JSON.stringify({ display_name: id, system_prompt: prompt }),
    });
    return { status: answer.status, body: (await answer.json()) as { code?: string; detail?: string } };
  };
  const expected = new Map<string, string>();
  let refused = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const prompt = (id: string) => `Round ${round} of ${id}.`;
    const ids = Array.from({ length: ROLES }, (_, n) => `role-${n}`);
    const answers = await Promise.all(ids.map(async (id) => [id, await put(id, prompt(id))] as const));
    for (const [id, { status, body }] of answers) {
      if (status < 300) {
        expected.set(id, prompt(id));
        continue;
      }
      refused += 1;
      expect(body).toMatchObject({ code: "persist_failed" });
      expect(status).toBe(500);
      expect(body.detail).not.toMatch(/SQLITE|ENOSPC|EIO|EROFS|disk I\/O/);
    }
    const shown = await roles(server);
    expect(new Map(shown.map(({ id, system_prompt }) => [id, system_prompt]))).toEqual(expected);
  }
  expect(refused).toBeGreaterThan(0);
  const shown = await roles(server);
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
  const next = await startServer("--store", file, "--no-built-in");
  expect(await roles(next)).toEqual(shown);
  next.kill("SIGTERM");
  await next.ended;
});
