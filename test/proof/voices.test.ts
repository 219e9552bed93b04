/**
 * How a process or a thread with voices under load ends, on each Node.js: the threads that compute them are gone with the
 * last voice, and none outlives its process.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { execute } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { NODES } from "../support/nodes.ts";

needs("nodes");

const CHILD = fileURLToPath(new URL("./children/voices.ts", import.meta.url));
/** What takes longer hangs, also on a machine that has much else to do. */
const TIMEOUT_MS = 300_000;

/** Two seconds are 250 frames, and a start, an end and a turn or so. */
const ENDS: [how: string, code: number, stdout: RegExp, stderr: RegExp][] = [
  ["finishes", 0, /^2[5-7]\d\n$/, /^$/],
  ["is left alone", 0, /^left\n$/, /^$/],
  ["exits", 7, /^exit\n$/, /^$/],
  ["throws", 1, /^$/, /Error: thrown under load\n/],
  ["is thrown at", 0, /^\{"heard":1[23]\d,"caught":true\}\n$/, /^$/],
  ["ends workers", 0, /^\{"errors":\[\],"same":true,"threads":0\}\n$/, /^$/],
  ["opens ten thousand", 0, /^\{"seen":true,"speech":10000,"threads":0\}\n$/, /^$/],
];

describe.each(NODES)("Node.js $version", ({ file: node, env }) => {
  it.each(ENDS)("ends when it %s, with code %i", async (how, code, stdout, stderr) => {
    const ended = await execute(node, [CHILD, how], { env, timeout: TIMEOUT_MS });
    expect(ended).toEqual({ code, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) });
  });
});
