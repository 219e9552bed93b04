import { PersonaError } from "../../errors.ts";

export function keyTaken(): PersonaError {
  return new PersonaError("internal", "A row with this key or name exists already; allocate a new key.");
}
