import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { ROOT, serving, temporaryFolder } from "../support/command-line.ts";

test("`npm start` serves, and a signal to npm stops the server cleanly", async () => {
  const words = ["start", "--", "--port", "0", "--data", temporaryFolder()];
  const server = await serving(spawn("npm", words, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] }));
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/Stopped\.\n$/) });
});
