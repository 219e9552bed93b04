/** The built command `persona-runtime` as a child process. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MAIN = join(ROOT, "dist/cli/main.js");

/** For a server that is not to refuse requests because the machine is busy with other tests: in words, and as an option. */
export const UNHURRIED = ["--set", "limits.max_event_loop_delay_ms=60000"] as const;
export const UNHURRIED_LIMITS = { maxEventLoopDelayMs: 60_000 } as const;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is gone after the test; one that runs beside others has to say when that is. */
export function temporaryFolder(whenFinished: typeof onTestFinished = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), "persona-runtime-"));
  whenFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a program to its end, or for `timeout` milliseconds: then it is killed, and its code is null. */
export function execute(
  file: string,
  words: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env" | "timeout"> = {},
): Promise<Ended> {
  return observe(spawn(file, words, { ...options, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "pipe"] })).ended;
}

/** Runs the command to its end. */
export function personaRuntime(...words: string[]): Promise<Ended> {
  return execute(process.execPath, [MAIN, ...words]);
}

/**
 * Runs the command to its end in a process that stays for the next one of this test file: to start takes longer than
 * most commands do. For what neither reads the input nor is about the process itself.
 */
export function inOneProcess(...words: string[]): Promise<Ended> {
  const ended = last.then(() => nextIn(resident(), words));
  last = ended.catch(() => {});
  return ended;
}

let last: Promise<unknown> = Promise.resolve();
let child: ChildProcess | undefined;

function resident(): ChildProcess {
  child ??= spawn(process.execPath, ["--input-type=module", "--eval", ONE_BY_ONE], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return child;
}

function nextIn(child: ChildProcess, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`It ended with ${code} in: ${words.join(" ")}`));
    child.once("exit", gone).once("message", (ended) => {
      child.off("exit", gone);
      resolve(ended as Ended);
    });
    child.send(words, (error) => error && reject(error));
  });
}

/** Ends with whoever has started it. */
const ONE_BY_ONE = `
import { run } from ${JSON.stringify(pathToFileURL(join(ROOT, "dist/cli/run.js")))};
process.on("message", async (words) => {
  const ended = { code: 0, stdout: "", stderr: "" };
  process.stdout.write = (text) => { ended.stdout += text; return true; };
  process.stderr.write = (text) => { ended.stderr += text; return true; };
  ended.code = await run(words);
  // Its own, for its one run.
  process.exitCode = undefined;
  process.stdout.removeAllListeners("error");
  process.send(ended);
});`;

/** Runs the command to its end, with a text or bytes as its input. */
export function feed(
  input: string | Uint8Array,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...words], { env });
  child.stdin.end(input);
  return observe(child).ended;
}

export interface Serving {
  readonly url: string;
  readonly pid: number | undefined;
  /** What it has printed so far. */
  stdout(): string;
  /** Resolves once this has been printed; rejects if the process ends before. */
  printed(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts an unhurried `persona-runtime serve` on a free port, and waits until it serves. */
export function startServer(...words: string[]): Promise<Serving> {
  const all = [MAIN, "serve", "--port", "0", ...UNHURRIED, ...words];
  return serving(spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] }));
}

/** Waits until a child that runs `persona-runtime serve` prints where; it is killed with the test at the latest. */
export async function serving(child: ChildProcess): Promise<Serving> {
  onTestFinished(() => void child.kill("SIGKILL"));
  const { ended, stdout, printed } = observe(child);
  await printed(/Ctrl\+C stops\.\n/);
  const url = / serves at (\S+)/.exec(stdout())?.[1] ?? "";
  return { url, pid: child.pid, stdout, printed, ended, kill: (signal) => void child.kill(signal) };
}

/** What a child prints, and how it ends. */
export function observe(child: ChildProcess) {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]): Ended => ({ code: code as number | null, stdout, stderr }));
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(stdout)) {
      const end = await Promise.race([ended, once(child.stdout ?? child, "data").then(() => undefined)]);
      if (end !== undefined && !pattern.test(stdout))
        throw new Error(`It ended with ${end.code}: ${end.stderr}${end.stdout}`);
    }
  };
  return { ended, printed, stdout: () => stdout };
}
