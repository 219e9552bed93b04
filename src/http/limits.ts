/** How often a caller may come, and when nobody may because the event loop is late. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { callerShape } from "../runtime/caller.ts";
import type { Identity } from "./identity.ts";
import { MAX_BODY_BYTES } from "./json-body.ts";
import { Windows } from "./windows.ts";

const perMinute = z.int().min(1).max(1_000_000_000);
const tier = z.strictObject({
  requestsPerMinute: perMinute,
  /** Event streams and sockets open at once. */
  streams: z.int().min(1).max(1_000_000).default(100),
  /** Of these, sockets that hear a voice. All callers together have 256. */
  voices: z.int().min(1).max(256).default(32),
});

/** What a caller may hold open. */
type Held = "streams" | "voices";

/** Tiers that are there unless others are given. */
const TIERS = {
  free: { requestsPerMinute: 60, streams: 10, voices: 4 },
  personal: { requestsPerMinute: 300, streams: 20, voices: 8 },
  professional: { requestsPerMinute: 1_200, streams: 100, voices: 32 },
  enterprise: { requestsPerMinute: 60_000, streams: 10_000, voices: 64 },
};

export const limitOptionsSchema = z.strictObject({
  /** Of one address that does not say who it is. */
  requestsPerMinute: perMinute.default(60),
  /** By name; these and no others are known. Each key, and each user of tokens, has so much. */
  tiers: z.record(callerShape.tier, tier).default(TIERS),
  bodyBytes: z.int().min(1_024).max(67_108_864).default(MAX_BODY_BYTES),
  /** Above it requests are refused (`overloaded`), but for those after health. */
  maxEventLoopDelayMs: z.int().min(10).max(60_000).default(1_000),
});

export type LimitOptions = z.input<typeof limitOptionsSchema>;
type Limits = z.output<typeof limitOptionsSchema>;

/** Wrong attempts from one address, with one key or with what names none, that are told what was wrong. */
const FAILURES_PER_MINUTE = 5;

export class RateLimits {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #callers: Windows;
  readonly #addresses: Windows;
  readonly #failures: Windows;
  /** What is open by caller. */
  readonly #held: Readonly<Record<Held, Map<string, number>>> = { streams: new Map(), voices: new Map() };

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#callers = new Windows(clock);
    this.#addresses = new Windows(clock);
    this.#failures = new Windows(clock);
  }

  get tiers(): readonly string[] {
    return Object.keys(this.#limits.tiers);
  }

  knows(tierName: string): boolean {
    return Object.hasOwn(this.#limits.tiers, tierName);
  }

  /** Counts a request (or a frame) of a caller; throws `rate_limited`. Gives what the headers say. */
  take(identity: Identity): { readonly limit: number; readonly remaining: number; readonly resetMs: number } {
    const limit = this.#limits.tiers[identity.tier]?.requestsPerMinute ?? 0;
    const { count, until } = this.#callers.count(nameOf(identity));
    const resetMs = until - this.#clock.now();
    if (count > limit) throw tooMany(`${limit} requests a minute are what the tier ${identity.tier} has.`, resetMs);
    return { limit, remaining: limit - count, resetMs };
  }

  /** Counts what a caller opens until it is let go; throws `too_many_streams`. */
  hold(identity: Identity, what: Held): () => void {
    const name = nameOf(identity);
    const held = this.#held[what];
    const most = this.#limits.tiers[identity.tier]?.[what] ?? 0;
    const others = held.get(name) ?? 0;
    if (others >= most) {
      const them = what === "streams" ? "streams and sockets" : what;
      const message = `${most} ${them} at once are what the tier ${identity.tier} has; close one first.`;
      throw new PersonaError("too_many_streams", message);
    }
    held.set(name, others + 1);
    return () => {
      const left = (held.get(name) ?? 1) - 1;
      if (left === 0) held.delete(name);
      else held.set(name, left);
    };
  }

  /** Counts a request of nobody; throws `rate_limited`. */
  takeNobody(address: string): void {
    const limit = this.#limits.requestsPerMinute;
    const { count, until } = this.#addresses.count(address);
    if (count > limit) throw tooMany(`${limit} requests a minute are what nobody has.`, until - this.#clock.now());
  }

  /**
   * Counts credentials that were wrong; throws `rate_limited`. Those that are right are not held up by it: neither 256
   * bits nor a signature are found by trying, and behind one address there can be many callers.
   */
  takeFailure(address: string, credential: string): void {
    const { count, until } = this.#failures.count(`${address} ${credential}`);
    if (count > FAILURES_PER_MINUTE)
      throw tooMany("These credentials were wrong too often.", until - this.#clock.now());
    this.takeNobody(address);
  }
}

const nameOf = ({ key, tenant, user }: Identity): string => key ?? `${tenant} ${user}`;

/** For the `preHandler` of a route that answers with a stream or a socket: counts it as long as its connection is open. */
export function holdStream(limits: RateLimits | undefined): (request: FastifyRequest) => Promise<void> {
  return async ({ identity, raw }) => {
    if (limits !== undefined) raw.socket.once("close", limits.hold(identity, "streams"));
  };
}

function tooMany(why: string, retryAfterMs: number): PersonaError {
  return new PersonaError("rate_limited", `${why} Wait as long as retry-after says.`, { retryAfterMs });
}

/** Counts the request, and says in its answer what is left. */
export function limitRequests(limits: RateLimits): (request: FastifyRequest, reply: FastifyReply) => void {
  return ({ identity }, reply) => {
    const { limit, remaining, resetMs } = limits.take(identity);
    reply.header("ratelimit-limit", `${limit}`);
    reply.header("ratelimit-remaining", `${remaining}`);
    reply.header("ratelimit-reset", `${Math.ceil(resetMs / 1000)}`);
  };
}

/**
 * Refuses requests while the event loop is late: when two of its turns, one soon after the other, took longer than
 * `maxDelayMs`. One alone can be a start, or a burst that is over. Turns are timed only when requests come: nothing
 * ticks in a server that nobody calls.
 */
export function refuseUnderPressure(app: FastifyInstance, maxDelayMs: number, now = () => performance.now()): void {
  let before = 0;
  let last = 0;
  let timedAt = 0;
  let timing = false;
  const time = (begun: number) => {
    timing = true;
    // The first comes in this turn of the loop, the second at the end of the next one.
    setImmediate(() =>
      setImmediate(() => {
        timing = false;
        before = begun - timedAt < PRESSURE_MS ? last : 0;
        timedAt = now();
        last = timedAt - begun;
      }),
    );
  };
  app.addHook("onRequest", (request, _reply, done) => {
    const at = now();
    if (!timing) time(at);
    const late = at - timedAt < PRESSURE_MS && Math.min(before, last) > maxDelayMs;
    if (!late || request.routeOptions.config.policy === "public") return done();
    const message = `The event loop is ${Math.round(last)} ms late; try again in a moment.`;
    done(new PersonaError("overloaded", message, { retryAfterMs: PRESSURE_MS }));
  });
}

/** How long a turn of the loop says something about the next. */
const PRESSURE_MS = 1_000;
