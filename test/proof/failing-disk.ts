/** A server whose disk fails. */
import { join } from "node:path";
import { expect } from "vitest";
import { startServer, temporaryFolder } from "../support/command-line.ts";

/** A command line under which these calls fail on the files of the database, in the words of strace's `-e inject`. */
export function failing(file: string, inject: string): string[] {
  const files = [file, `${file}-wal`, `${file}-shm`, `${file}-journal`].flatMap((name) => ["-P", name]);
  // As a grandchild, so that a signal to the child goes to the server.
  const traced = ["-e", `trace=${inject.replace(/:.*/, "")}`, "-e", `inject=${inject}`];
  return ["strace", "-D", "-f", "--seccomp-bpf", "-q", "-o", "/dev/null", ...files, ...traced];
}

/** A database that was served once and closed. */
export async function used(): Promise<string> {
  const file = join(temporaryFolder(), "kept.db");
  const server = await startServer("--store", file);
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
  return file;
}
