/** From the words of the command line to an exit code. */
import { ConfigError } from "../config/config-error.ts";
import { PersonaError } from "../errors.ts";
import { Refusal } from "./client.ts";
import { runCommand } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** Resolves to 0 when all went well, 2 when the command line is wrong, 1 for every other failure, told on stderr. */
export async function run(words: readonly string[]): Promise<number> {
  // Whoever reads our output may have seen enough: `| head` is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  try {
    await runCommand(words);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    console.error(`persona-runtime: ${describe(error)}`);
    return error instanceof UsageError || (error instanceof ConfigError && error.usage) ? 2 : 1;
  }
}

/** Code and message of a failure that was expected; the whole stack of a defect, so that it can be reported. */
function describe(error: unknown): string {
  if (error instanceof PersonaError && error.code !== "internal") return `${error.code}: ${error.message}`;
  if (error instanceof Refusal) return `${error.code}: ${error.message}`;
  return `internal: ${error instanceof Error ? error.stack : String(error)}`;
}
