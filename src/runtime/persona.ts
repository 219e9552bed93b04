/** An enrolled persona, and what native is told of it. */
import type { PersonaEntry } from "../catalogue/schema.ts";
import type { Wait } from "../cognition/admission.ts";
import type { EnrollmentRow } from "../store/port.ts";
import type { Cognition, PersonaSettings } from "../types.ts";
import type { StoredDefinition } from "./definition.ts";
import type { Directory } from "./directory.ts";
import type { Mind } from "./minds.ts";
import type { Slot } from "./packed.ts";
import { isAbsent } from "./profile.ts";

export interface Persona extends Mind {
  readonly id: string;
  /** Of its tenant. */
  readonly directory: Directory;
  slot: Slot;
  row: EnrollmentRow;
  definition: StoredDefinition;
  /** The function that it was enrolled with. */
  own: Cognition | undefined;
  /** Its entry in the catalogue, once that was deleted: what waits is answered by it. */
  last: PersonaEntry | undefined;
  /** Set while its cognition has no room for it. */
  wait: { readonly entry: Wait; readonly since: number } | undefined;
  /** Set while it is being unenrolled; settles when it is gone. */
  leaving: (PromiseWithResolvers<void> & { mode: "drain" | "return" }) | undefined;
}

/**
 * A persona that cannot answer, or for which there is no room: to native that is a pause. And one whose tools are for
 * its roles to say may have called one of those that there are.
 */
export function nativeSettings(persona: Omit<Persona, "slot">): PersonaSettings {
  const { definition, directory, cognitionKind, wait } = persona;
  const { settings } = definition;
  const cannot = cognitionKind === "absent" || wait !== undefined || isAbsent(persona);
  const mayHaveActed = definition.source === "catalogue" && directory.hasTools;
  return {
    ...settings,
    paused: settings.paused || cannot,
    onUnknownOutcome: settings.onUnknownOutcome === "auto" && mayHaveActed ? "ask" : settings.onUnknownOutcome,
  };
}

/** No id that a persona can be enrolled with begins like this. */
export function isAgent(id: string): boolean {
  return id.startsWith("_");
}

/** Takes it out of the queue of whoever has no room for it. */
export function stopWaiting(persona: Persona): void {
  persona.wait?.entry.cancel();
  persona.wait = undefined;
}
