/**
 * How a process with a runtime under load ends, on each Node.js. It stays while something is due: a turn that runs, a
 * write, a retry, an expiry. It ends by itself once the runtime is closed, and also without that when all that is left
 * waits for somebody, as the inbox of a paused persona does.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { NODES } from "../support/nodes.ts";
import { audit } from "./audit.ts";

needs("nodes");

const CHILD = fileURLToPath(new URL("./children/ending.ts", import.meta.url));
/** What takes longer hangs. */
const TIMEOUT_MS = 300_000;
const TALKS = 600;

const some = expect.any(Number);
const whole = (text: string) => expect.stringMatching(new RegExp(`Error: ${text}\n`));

/** The code, what stands on stderr, and what the process knew of its messages. */
const ENDS: [how: string, code: number, stderr: unknown, outcomes: object][] = [
  ["closes", 0, "", { answered: TALKS + 1, runtime_closed: 1 }],
  ["closes under load", 0, "", { answered: some, runtime_closed: some }],
  ["is left alone", 0, "", { answered: TALKS + 1 }],
  ["exits", 7, "", { answered: some }],
  ["throws", 1, whole("thrown behind its back"), { answered: some }],
  ["rejects", 1, whole("rejected behind its back"), { answered: some }],
  ["is caught", 0, "", { answered: TALKS + 1, caught: ["thrown, and caught by the host"] }],
];

describe.each(NODES)("Node.js $version", ({ file: node, env }) => {
  describe.each(["memory", "kept.db"])("with the store %s", (name) => {
    it.each(ENDS)("ends when it %s, with code %i", async (how, code, stderr, outcomes) => {
      const store = name === "memory" ? name : join(temporaryFolder(), name);
      const ended = await execute(node, [CHILD, store, how], { env, timeout: TIMEOUT_MS });
      expect(ended).toMatchObject({ code, stderr });
      const lines = ended.stdout.trimEnd().split("\n");
      expect(JSON.parse(lines.pop() ?? "")).toEqual({ caught: [], ...outcomes });
      expect(new Set(lines).size).toBe(lines.length);
      expect(lines.length).toBeGreaterThan(200);
      if (store === "memory") return;
      audit(store);
      await nextStartAnswers(store, lines);
      expect(audit(store)).toMatchObject({ undecided: 0, declined: 0, dead: 0 });
    });
  });
});
