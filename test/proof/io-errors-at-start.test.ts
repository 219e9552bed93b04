/** The disk fails while the built server starts: it says so with a code, and the next start is as if nothing had been. */
import { expect, it } from "vitest";
import { execute, MAIN } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { audit } from "./audit.ts";
import { failing, used } from "./failing-disk.ts";

needs("strace");

it.each([
  ["openat", "EIO", 1],
  ["openat", "ENOSPC", 2],
  ["openat", "EMFILE", 3],
  ["pread64", "EIO", 1],
  ["pread64", "EIO", 4],
  ["pwrite64", "EIO", 1],
  ["pwrite64", "ENOSPC", 3],
  ["fsync,fdatasync", "EIO", 1],
  ["ftruncate", "EIO", 1],
])("%s fails with %s (from the %ith on)", async (calls, error, nth) => {
  const file = await used();
  const [command = "", ...words] = failing(file, `${calls}:error=${error}:when=${nth}+`);
  const child = await execute(command, [...words, process.execPath, MAIN, "serve", "--port", "0", "--store", file], {
    timeout: 300_000,
  });
  expect(child).toMatchObject({ code: 1, stderr: expect.stringMatching(/^persona-runtime: store_\w+: .*\n$/) });
  await nextStartAnswers(file, []);
  audit(file);
});
