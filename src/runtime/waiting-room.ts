/** Personas whose cognition has no room for them: native holds them until the cognition says that it has some again. */

import type { Clock } from "../clock.ts";
import type { Pass } from "../cognition/admission.ts";
import type { Fleet } from "./fleet.ts";
import { nativeSettings, type Persona } from "./persona.ts";

export class WaitingRoom {
  readonly #clock: Clock;
  readonly #fleet: Fleet;

  constructor(clock: Clock, fleet: Fleet) {
    this.#clock = clock;
    this.#fleet = fleet;
  }

  /** Room for a turn of this persona. Undefined: there is none, and from now on it waits for that. */
  enter(persona: Persona): Pass | undefined {
    const { cognition } = persona;
    if (cognition.admission === undefined) return { answer: cognition, leave: () => {} };
    // Another turn of the same drive has found out already.
    if (persona.wait !== undefined) return undefined;
    let isCalled = false;
    const entry = cognition.admission.enter(persona, () => {
      isCalled = true;
      persona.wait = undefined;
      this.#tell(persona);
    });
    if ("leave" in entry) return entry;
    // What it would wait for has just come: it asks again, and is not put down where nobody calls any more.
    if (isCalled) return undefined;
    persona.wait = { entry, since: this.#clock.now() };
    this.#tell(persona);
    return undefined;
  }

  /** Tells native whether it waits. A fleet that is gone need not know: in the next one everybody takes a place as they are. */
  #tell(persona: Persona): void {
    if (this.#fleet.over) return;
    try {
      this.#fleet.configure(persona.slot, nativeSettings(persona));
    } catch {
      // The fleet has said that it failed. Whoever called, or is called next, has nothing to do with it.
    }
  }
}
