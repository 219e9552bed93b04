/** Personas whose cognition has no room for them: native holds them until the cognition says that it has some again. */

import type { Clock } from "../clock.ts";
import type { Pass } from "../cognition/admission.ts";
import type { Fleet } from "./fleet.ts";
import { nativeSettings, type Persona } from "./personas.ts";

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
      // Native is told below; a fleet that is gone has let everybody go.
      if (!this.#fleet.over) this.#fleet.configure(persona.slot, nativeSettings(persona));
    });
    if ("leave" in entry) return entry;
    // What it would wait for has just come: it asks again, and is not put down where nobody calls any more.
    if (isCalled) return undefined;
    persona.wait = { entry, since: this.#clock.now() };
    this.#fleet.configure(persona.slot, nativeSettings(persona));
    return undefined;
  }
}
