import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { serve } from "../../src/server.ts";
import { inOneProcess, personaRuntime, temporaryFolder, UNHURRIED_LIMITS } from "../support/command-line.ts";

async function keys(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await personaRuntime("keys", ...words);
  expect(code, stderr).toBe(0);
  return stdout;
}

test("the first key is made in the database, opens a server, makes others there, and is revoked", async () => {
  const store = join(temporaryFolder(), "x.db");
  const secret = (await keys("create", "--user", "root", "--role", "admin", "--store", store)).trim();
  expect(secret).toMatch(/^pr_\w+/);

  const runtime = await createRuntime({ store });
  const server = await serve({ runtime, port: 0, auth: { mode: "required" }, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await Promise.all([server.close(), runtime.close({ graceMs: 0 })]);
  });
  const at = ["--url", server.url, "--key", secret];
  expect(await personaRuntime("keys", "list", "--url", server.url)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^persona-runtime: unauthenticated: /),
  });
  const made = JSON.parse(await keys("create", "--user", "ann", "--expires", "2999-01-31", "--json", ...at)) as {
    id: string;
    secret: string;
  };
  expect(made).toMatchObject({ user: "ann", role: "user", expires_at: Date.UTC(2999, 0, 31) });
  const status = await personaRuntime("status", "--url", server.url, "--key", made.secret);
  expect(status.stdout).toMatch(/^ready +true$/m);

  const list = await keys("list", ...at);
  expect(list).toMatch(/^id +role +user .*\n.* admin +root .* valid\n.* user +ann .* until 2999-01-31\n$/);
  expect(list).not.toContain(secret.slice(-20));
  expect(await keys("revoke", made.id, ...at)).toBe(`Revoked ${made.id} (user ann).\n`);
  expect(await personaRuntime("status", "--url", server.url, "--key", made.secret)).toMatchObject({ code: 1 });
  expect(await personaRuntime("keys", "list", "--store", store)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^persona-runtime: store_locked: /),
  });
});

test("keys of another tenant are its own", async () => {
  const store = join(temporaryFolder(), "x.db");
  await keys("create", "--user", "ann", "--tenant", "acme", "--name", "a\u001b[2Jb", "--store", store);
  expect(JSON.parse(await keys("list", "--store", store, "--json"))).toEqual([]);
  const [key] = JSON.parse(await keys("list", "--store", store, "--tenant", "acme", "--json")) as { id: string }[];
  // What somebody called a key must not clear a terminal.
  expect(await keys("list", "--store", store, "--tenant", "acme")).toMatch(/ a\[2Jb +valid$/m);
  expect(key).toMatchObject({ tenant: "acme", user: "ann", role: "user" });
  expect(await personaRuntime("keys", "revoke", key?.id ?? "", "--store", store)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^persona-runtime: key_not_found: /),
  });
});

test.each<[string, string]>([
  ["keys create", "--user <NAME>' not specified"],
  ["keys create --user a --role king", "Allowed choices are user, service, admin."],
  ["keys create --user a --expires soon --store x", "--expires takes a date such as 2027-01-31"],
  ["keys list --store memory", "A store in memory has no keys"],
  ["keys list --url http://127.0.0.1:1 --tenant a", "--tenant is for the database"],
])("%s is refused", async (words, message) => {
  const { code, stdout, stderr } = await inOneProcess(...words.split(" "));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});
