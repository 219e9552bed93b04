import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface Child {
  readonly pid: number;
  /** The next line it prints; nothing once it has ended. */
  line(): Promise<string | undefined>;
  /** Ends it without letting it do anything more. */
  kill(): Promise<void>;
  /** Waits for its own end; gives its exit code. */
  ended(): Promise<number | null>;
}

/** A Node process of its own running a script of this folder, through `wrapper` (a command line) if one is given. */
export function startChild(script: string, args: readonly string[], wrapper: readonly string[] = []): Child {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const [command = "", ...rest] = [...wrapper, process.execPath, file, ...args];
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return {
    pid: child.pid ?? 0,
    line: async () => (await lines.next()).value as string | undefined,
    kill,
    ended: () => ended,
  };
}
