import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { personaRuntime, startServer, temporaryFolder } from "../support/command-line.ts";

test("a served turn is recorded, replayed, and a change in it is named", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "turns.jsonl");
  const server = await startServer("--store", "memory", "--record", file);
  const response = await fetch(`${server.url}/v1/personas/ada/messages?wait=20`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "What is a prime?" }),
  });
  expect(response.status).toBe(200);
  server.kill("SIGTERM");
  await server.ended;

  const same = await personaRuntime("replay", file);
  expect(same).toMatchObject({ code: 0, stdout: "turns 1, identical 1, different 0\n", stderr: "" });

  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"text":"What is a prime?","at"', '"text":"What is a crime?","at"'));
  const other = await personaRuntime("replay", file);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("recording_differs: 1 of 1 turn came") });
  expect(other.stdout).toMatch(
    /The first difference is in line 2, turn \S+ of ada, at out.text:\n {2}recorded {2}.*prime/,
  );
  const report = JSON.parse((await personaRuntime("replay", file, "--json")).stdout);
  expect(report).toMatchObject({
    turns: 1,
    identical: 0,
    different: 1,
    difference: { persona: "ada", path: "out.text" },
  });

  writeFileSync(file, text.slice(0, -9));
  expect(await personaRuntime("replay", file)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("recording_invalid: Line 2 is not whole"),
  });
});
