/** What a runtime is created with. */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { ExitJudge } from "../catalogue/exit-judge.ts";
import type { Persister } from "../catalogue/port.ts";
import type { ResolveDefaults } from "../catalogue/resolved-session.ts";
import type { Clock } from "../clock.ts";
import type { MappingOptions } from "../mapping/mapping.ts";
import type { Tool } from "../tool.ts";
import type { Cognition } from "./cognition.ts";
import type { Providers } from "./provider.ts";
import type { BudgetInput, Limits, Price } from "./spending.ts";

export interface RuntimeOptions {
  /**
   * A file name for SQLite, `"memory"`, or `postgres://user:password@host:port/database?schema=name` (a socket:
   * `?host=/folder`) with PostgreSQL 14 or newer and the optional package `pg`. One runtime owns a schema (default
   * `persona_runtime`, made if it is missing), and needs sessions of its own: no pooler that hands them on between
   * transactions. While the server is away writes and reads wait for up to 10 s, then fail with `store_unavailable` until
   * it is back; nothing is lost or written twice.
   */
  readonly store: string;
  /** Answers for personas without a cognition of their own. Default: the rehearsal. */
  readonly cognition?: Cognition;
  /** Answer for personas with a `model`, and for those without one if they have a default. They come before `cognition`. */
  readonly providers?: Providers;
  /** What personas may call, each those that its settings name; 256 at most. */
  readonly tools?: readonly Tool[];
  /** Where personas, roles and sequences come from, beside what is written into the store. */
  readonly catalogue?: CatalogueOptions;
  /**
   * Decides whether the exit criteria of a step are met. It is asked after a turn, while the next one may already run;
   * it has 30 s. Default: nobody does, and such a step is left by `advanceSession` or its bound.
   */
  readonly judge?: ExitJudge;
  /** Bounds of what is learned of persons, and the models that put it into words or find it. Default: no models. */
  readonly mapping?: MappingOptions;
  /** What time it is, for everything. Default: `systemClock()`. */
  readonly clock?: Clock;
  /** For the jitter of back-offs; the same seed and inputs give the same run. Default: random. */
  readonly seed?: number;
  /** Turns in flight over the whole fleet, 1..65 536. Default 1 024. */
  readonly maxTurnsInFlight?: number;
  /** The longest chain of replies to replies in a room, 1..64; then somebody else has to speak. Default 8. */
  readonly maxHops?: number;
  /** Told of what went wrong behind the caller's back (a write that is being repeated, say). Default: nobody. */
  readonly onWarning?: (warning: PersonaWarning) => void;
  /**
   * A file to which everything is appended that goes into turns and comes out of them, for `replay`: what people and
   * personas said, and what models streamed. No key and no header is in it. Default: nothing is recorded.
   */
  readonly record?: string;
  /** What models cost, by `provider:model`. Default: nothing is known. */
  readonly prices?: Readonly<Record<string, Price>>;
  /**
   * What may be spent: by one turn, each persona without a budget of its own, each owner (the caller of a session), and
   * all together. Under a budget in dollars every model needs a price (`price_unknown`). Default: no bounds.
   */
  readonly budgets?: {
    readonly turn?: Limits;
    readonly persona?: BudgetInput;
    readonly owner?: BudgetInput;
    readonly fleet?: BudgetInput;
  };
  /**
   * Where traces and metrics of turns go, by the conventions of OpenTelemetry for generative AI. Default: to the SDK that
   * the process has registered with `@opentelemetry/api` by now; nowhere if there is none.
   */
  readonly telemetry?: TelemetryOptions;
}

export interface CatalogueOptions {
  /**
   * A TOML or JSON file with entries, and in `deleted` ids of built-in ones that it takes away; what is wrong in it is a
   * warning (`catalogue_entry`), and the rest holds.
   */
  readonly seeds?: string | undefined;
  /** Whether the built-in personas, roles and sequences are there. Default false. */
  readonly builtIn?: boolean | undefined;
  /** Whether entries can be written. Default true. */
  readonly writes?: boolean | undefined;
  /** Keeps what is written. Default: the runtime's store. */
  readonly persister?: Persister | undefined;
  /** What holds for sessions where neither persona nor role says it. */
  readonly defaults?: ResolveDefaults | undefined;
}

/** In a process without an SDK `openCollector` of `persona-runtime/telemetry` makes both of what it sends to. */
export interface TelemetryOptions {
  readonly tracerProvider?: TracerProvider | undefined;
  readonly meterProvider?: MeterProvider | undefined;
  /** Whether traces contain what was said. Default false. */
  readonly captureContent?: boolean | undefined;
}

export interface PersonaWarning {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}
