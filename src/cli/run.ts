/** From the words of the command line to an exit code. */
import { PersonaError } from "../errors.ts";
import { manifest } from "../manifest.ts";
import { HELP, parseCommand, UsageError } from "./command.ts";
import { serveCommand } from "./serve.ts";

/** Resolves to 0 when all went well, 2 when the command line is wrong, 1 for every other failure, told on stderr. */
export async function run(words: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(words);
    if (command.name === "help") console.log(HELP);
    else if (command.name === "version") console.log(manifest.version);
    else await serveCommand(command);
    return 0;
  } catch (error) {
    console.error(`persona-runtime: ${describe(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** One line for a failure that was expected; the whole stack for a defect, so that it can be reported. */
function describe(error: unknown): string {
  if (error instanceof PersonaError && error.code !== "internal") return `${error.code}: ${error.message}`;
  return `internal: ${error instanceof Error ? error.stack : String(error)}`;
}
