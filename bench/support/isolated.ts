/** Cases of a benchmark, each in a process of its own: no case inherits another's heap, compiled code or open files. */
import { type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";

/** How a case's process ended that gave no result. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Runs `script` with the options and gives what it sends back; throws a `Crash` if it ends without. */
export async function isolated<Result>(script: URL, options: object, settings: ForkOptions = {}): Promise<Result> {
  const child = fork(script, [JSON.stringify(options)], { serialization: "advanced", ...settings });
  let result: { readonly value: Result } | undefined;
  child.on("message", (value: Result) => {
    result = { value };
  });
  const [code, signal] = await once(child, "exit");
  if (result !== undefined && code === 0) return result.value;
  throw new Crash(`${script.pathname.split("/").at(-1)} ${JSON.stringify(options)} ended with ${signal ?? code}`);
}

/** The other side of `isolated`: measures, sends the result, and lets the process end by itself. */
export async function measured<Options, Result>(measure: (options: Options) => Promise<Result>): Promise<void> {
  const result = await measure(JSON.parse(process.argv[2] ?? "{}") as Options);
  process.send?.(result);
  process.disconnect?.();
}
