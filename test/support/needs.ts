/** What some tests need and not every machine has. */
import { spawnSync } from "node:child_process";
import { beforeEach } from "vitest";
import { CHROMIUM } from "./chromium.ts";
import { missingNodes } from "./nodes.ts";
import { PostgresServer } from "./postgres-server.ts";
import { speaks } from "./spoken.ts";

/** Each gives the reason why it is missing, or nothing. */
const NEEDS = {
  /** A Node.js older than this package supports, as the system's own: `OLD_NODE`, or the first in the usual places. */
  oldNode: () =>
    oldNode() === undefined ? "There is no Node.js older than 22 on this machine (OLD_NODE names one)." : undefined,
  /** The versions of Node.js that the proofs run on. */
  nodes: missingNodes,
  curl: () => (succeeds("curl", "--version") ? undefined : "There is no `curl`."),
  /** Gives a program a terminal; of util-linux, since that of BSD takes other words. */
  script: () =>
    spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true
      ? undefined
      : "There is no `script` of util-linux.",
  /** To let system calls fail. */
  strace: () =>
    succeeds("strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true")
      ? undefined
      : "There is no `strace`, or it may not trace.",
  /** PostgreSQL's own programs, to run a server. */
  postgres: () => (PostgresServer.programs() === undefined ? "There is no PostgreSQL server (initdb)." : undefined),
  /** To mount disks that only some processes see. */
  mounts: () => (succeeds("unshare", "--mount", "true") ? undefined : "Only root may mount a disk here."),
  /** A browser, for the pages. */
  chromium: () => (CHROMIUM === undefined ? "There is no Chromium (CHROMIUM names one)." : undefined),
  /** Debian's `espeak-ng` says the words of tests about voices. */
  espeak: () => (speaks() ? undefined : "There is no `espeak-ng`."),
  /** A package registry that npm can reach. */
  registry: () =>
    succeeds("npm", "view", "zod", "name", "--fetch-retries=0") ? undefined : "npm reaches no package registry.",
} as const;

export type Need = keyof typeof NEEDS;

/** Leaves out the tests of the surrounding file or `describe` with a reason; with REQUIRE_ALL=1 they fail instead. */
export function needs(need: Need): void {
  const reason = NEEDS[need]();
  if (reason === undefined) return;
  beforeEach((context) => {
    if (process.env["REQUIRE_ALL"] === "1") throw new Error(`REQUIRE_ALL=1, but: ${reason}`);
    context.skip(reason);
  });
}

function succeeds(file: string, ...words: string[]): boolean {
  return spawnSync(file, words).status === 0;
}

/** The file name of such a Node.js. */
export function oldNode(): string | undefined {
  const candidates = [process.env["OLD_NODE"], "/usr/bin/node", "/usr/local/bin/node"].filter(
    (file) => file !== undefined,
  );
  return candidates.find(
    (file) => Number(/^v(\d+)/.exec(spawnSync(file, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1]) < 22,
  );
}
