/** What the runtime tells a trace of its turns. It is told by `src/telemetry`, which is loaded when somebody listens. */
import type { SpanContext } from "@opentelemetry/api";
import type { EndedTurn } from "../types.ts";

/** A span in which a message was sent. */
export type Origin = SpanContext;

export interface Tracing {
  /** Where what is said right now comes from: what the caller says (W3C `traceparent`), or the active span. */
  origin(traceparent: string | undefined): Origin | undefined;
  /** `origins` are those of the messages that are known; the trigger's is the last. */
  begin(turn: BegunTurn, origins: readonly Origin[]): TurnTrace;
}

export interface BegunTurn
  extends Pick<EndedTurn, "tenant" | "turn" | "persona" | "conversation" | "lane" | "attempt" | "items" | "formedAt"> {
  readonly name: string;
  readonly waitedMs: number;
}

export interface TurnTrace {
  /** Runs cognition inside of it. */
  run<Result>(work: () => Result): Result;
  /** `said` is asked only when the trace is to contain it. */
  end(turn: EndedTurn, said: () => Said): void;
}

export interface Said {
  /** Oldest first. */
  readonly heard: readonly string[];
  readonly reply: string | undefined;
}

/** More messages than this that wait are traced without where they come from. */
const MAX_KEPT = 10_000;

/** The origins of undecided items, in memory only: after a restart a turn is traced from its own beginning. */
export class Origins {
  readonly #byItem = new Map<number, Origin>();

  keep(item: number, origin: Origin): void {
    if (this.#byItem.size < MAX_KEPT) this.#byItem.set(item, origin);
  }

  of(items: readonly number[]): readonly Origin[] {
    return items.map((item) => this.#byItem.get(item)).filter((origin) => origin !== undefined);
  }

  forget(item: number): void {
    this.#byItem.delete(item);
  }
}
