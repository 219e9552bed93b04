/** Who looks on at turns: the host's observers, and a trace of each turn. */
import type { Clock } from "../clock.ts";
import type { Settle } from "../store/port.ts";
import type { EndedTurn, PersonaWarning } from "../types.ts";
import { begunTurn, endedTurn } from "./ended-turn.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Texts } from "./texts.ts";
import type { Origins, Tracing } from "./tracing.ts";

interface Parts {
  readonly clock: Clock;
  readonly texts: Texts;
  readonly tracing: Tracing | undefined;
  readonly origins: Origins;
  readonly warn: (warning: PersonaWarning) => void;
}

export class Observers {
  readonly #parts: Parts;
  readonly #entries = new Set<{ readonly observer: (turn: EndedTurn) => void }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Calls `observer` with each turn that has ended, until the returned function is called. */
  add(observer: (turn: EndedTurn) => void): () => void {
    // Wrapped, so that one function given twice is called twice, and taken away once by each.
    const entry = { observer };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  begun(turn: LiveTurn): void {
    const { tracing, origins } = this.#parts;
    this.#aside(turn, () => {
      turn.trace = tracing?.begin(begunTurn(turn), origins.of(turn.formed.items));
    });
  }

  /** Before its texts are forgotten. */
  ended(turn: LiveTurn, command: Settle): void {
    if (this.#entries.size === 0 && turn.trace === undefined) return;
    const { clock, texts } = this.#parts;
    const ended = endedTurn(turn, command, clock.now());
    const said = () => ({
      heard: turn.formed.items.map((item) => texts.get(item)?.text).filter((text) => text !== undefined),
      reply: command.reply?.message.text,
    });
    this.#aside(turn, () => turn.trace?.end(ended, said));
    for (const { observer } of this.#entries) this.#aside(turn, () => observer(ended));
  }

  /** Whoever only looks on must not fail what it looks at. */
  #aside({ persona }: LiveTurn, look: () => void): void {
    try {
      look();
    } catch (cause) {
      const message = `What observes turns failed at one of ${persona.id}`;
      this.#parts.warn({ code: "observer_failed", message, cause });
    }
  }
}
