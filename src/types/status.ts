/** How a persona, a tenant and the fleet are doing. */
import type { Obstacle } from "../cognition/admission.ts";
import type { ErrorCode } from "../errors.ts";
import type { Commits, Lane } from "../store/port.ts";
import type { PersonaSettings, Sleep } from "./persona.ts";
import type { ProviderHealth, ProviderStatus } from "./provider.ts";

export interface EnrollmentStatus {
  readonly id: string;
  /** `inline`: it was enrolled with a definition of its own, which hides an entry of the catalogue with the same id. */
  readonly source: "inline" | "catalogue";
  readonly name: string;
  /** Empty for a persona of the catalogue: its roles say what it is told. */
  readonly instructions: string;
  readonly model: string | undefined;
  readonly mapperId: string | undefined;
  /**
   * `rehearsal`, `function`, `provider`, or `absent` (its function was not given again after a restart, or the provider
   * of its model is not configured any more; items wait).
   */
  readonly cognition: "rehearsal" | "function" | "provider" | "absent";
  readonly settings: PersonaSettings;
  /** How it sleeps; `active` when it is awake. */
  readonly sleep: Sleep;
  readonly breaker: BreakerStatus;
  readonly queued: number;
  /** Of those, how many wait in the database only. */
  readonly inStore: number;
  readonly inFlight: number;
  /** Queued items by lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Why nothing of it is dispatched right now; undefined when it could be, or when nothing waits. */
  readonly held: Gate | undefined;
  /** Since when, where that is known. */
  readonly heldSince: number | undefined;
  /** When that ends by itself, if it does. */
  readonly heldUntil: number | undefined;
  readonly draining: boolean;
}

/** What can stand between an item and its turn. */
export type Gate =
  /** The persona is paused. */
  | "paused"
  /** Its function was not given again after a restart, or the provider of its model is not configured any more. */
  | "cognition_absent"
  /** It is of the catalogue, which has no entry for it any more, or one that is damaged. */
  | "persona_absent"
  /** The provider of its model is failing (`provider_open`), asked to be called later, or has as many calls as it may. */
  | Obstacle
  | "asleep"
  /** Its circuit breaker is open. */
  | "breaker_open"
  /** One turn tries whether it answers again. */
  | "breaker_probing"
  /** It has as many turns as it may, or one in this conversation. */
  | "busy"
  /** The fleet has as many turns as it may, or as the lane may. */
  | "fleet_busy"
  /** A retry after a failure. */
  | "backing_off"
  /** It has just spoken in the room, and no human asks. */
  | "room_gap"
  /** Too much waits for it, and this is not important enough. */
  | "overwhelmed"
  /** It has worked much, and this is not important enough. */
  | "tired"
  /** On its way from the database. */
  | "paging";

export interface BreakerStatus {
  readonly state: "closed" | "open" | "half_open";
  /** Closed: turns that failed in a row. Else: tries that failed in a row. */
  readonly failures: number;
  /** When one turn may try, if it is open. */
  readonly halfOpenAt: number | undefined;
}

/** Which gate holds something, since when, and until when, as far as that is known. */
export interface Held {
  readonly gate: Gate;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Why a persona is not answering. */
export interface Why {
  readonly persona: string;
  readonly source: EnrollmentStatus["source"];
  /** What holds all of it; undefined when nothing does, or nothing waits. */
  readonly held: Held | undefined;
  readonly queued: number;
  readonly inStore: number;
  readonly inFlight: number;
  readonly breaker: BreakerStatus;
  readonly sleep: Sleep;
  /** 0..1; 1 without a temperament. */
  readonly energy: number;
  /** Items that it took beyond its share: its next round is so much shorter. */
  readonly debt: number;
  /** Where something waits in memory, 100 at most: what comes next there, and why not yet (undefined: it is about to). */
  readonly conversations: readonly {
    readonly conversation: string;
    readonly item: string;
    readonly queued: number;
    readonly held: Held | undefined;
  }[];
}

export interface BusiestPage {
  /** What counts. Default `queued`. */
  readonly by?: "queued" | "inFlight";
  /** How many to leave out from the top. Default 0. */
  readonly offset?: number;
  /** 1..1000, default 100. */
  readonly limit?: number;
}

export interface Busiest {
  /** How many have something to do. */
  readonly busy: number;
  readonly personas: readonly EnrollmentStatus[];
}

/** A tenant in numbers. */
export interface TenantStatus {
  readonly personas: number;
  readonly queued: number;
  /** Of those, how many wait in the database only. */
  readonly inStore: number;
  readonly inFlight: number;
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Since the start of this runtime. */
  readonly accepted: number;
  readonly answered: number;
  readonly declined: number;
  readonly dead: number;
  readonly retried: number;
  readonly refused: number;
  /** Of those, how many for which reason, such as `inbox_full`. */
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly store: "sqlite" | "postgres" | "memory";
  /** False once the native cycle has failed. */
  readonly driver: boolean;
  /** Those that the runtime was given; none without. How much they are called is no tenant's business. */
  readonly providers: readonly ProviderHealth[];
}

/** All tenants together in numbers. */
export interface FleetStatus extends TenantStatus {
  /** How many tenants have personas. */
  readonly tenants: number;
  readonly providers: readonly ProviderStatus[];
  readonly nativeBytes: number;
  /** Who reads the events right now. */
  readonly readers: number;
  /** What the store has committed since the start; undefined for one in memory, where there is nothing to wait for. */
  readonly commits: Commits | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    readonly driver: "ok" | "failed";
    /** `failed` also when it says nothing for 5 s. */
    readonly store: "ok" | "failed";
    readonly accepting: "ok" | "closing";
    /** `degraded`: the breaker of one is open; `failed`: that of each. */
    readonly providers: "ok" | "degraded" | "failed";
  };
}
