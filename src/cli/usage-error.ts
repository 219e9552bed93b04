import { PersonaError } from "../errors.ts";

/** The command line was not understood: nothing was tried. */
export class UsageError extends PersonaError {
  constructor(message: string) {
    super("invalid_input", `${message} See persona-runtime --help.`);
  }
}
