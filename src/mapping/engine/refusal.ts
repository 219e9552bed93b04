/** What native code refuses, as errors of this package. */
import { PersonaError } from "../../errors.ts";
import { invalid } from "./ask.ts";

export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asPersonaError(error);
  }
}

/** What native code refuses begins with the name of what is wrong; anything else is a defect. */
export function asPersonaError(error: unknown): unknown {
  if (error instanceof PersonaError || !(error instanceof Error)) return error;
  const { code, message } = error as Error & { code?: unknown };
  if (code !== "InvalidArg") return new PersonaError("internal", message, { cause: error });
  const [field = "", ...rest] = message.split(": ");
  return invalid(field, rest.join(": "));
}
