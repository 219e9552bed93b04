/** Who a JSON Web Token (RFC 7519) says that its bearer is. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { guardedFetch } from "../net/guarded-fetch.ts";
import { callerShape } from "../runtime/caller.ts";
import type { JwtOptions } from "./auth-options.ts";
import type { Identity } from "./identity.ts";

/** More than any token of ours needs; what is longer is not looked into. */
const MAX_TOKEN_BYTES = 8_192;
const TOLERANCE_S = 5;
/** A key set that could not be fetched is not asked for again before. */
const RETRY_MS = 10_000;

const callerSchema = z.object({ ...callerShape, tier: callerShape.tier.default("free") });

/** Throws `unauthenticated` with what is wrong as far as that is its bearer's business, or `identity_unavailable`. */
export type VerifyToken = (token: string) => Promise<Identity>;

export function tokenVerifier(options: JwtOptions, clock: Clock): VerifyToken {
  const { issuer, audience, claims: names, secret, jwksUrl = "", allowPrivate, algorithms } = options;
  const key = secret === undefined ? keySet(jwksUrl, allowPrivate, clock) : new TextEncoder().encode(secret);
  return async (token) => {
    if (token.length > MAX_TOKEN_BYTES) throw refused(`A token has at most ${MAX_TOKEN_BYTES} bytes.`);
    const demands = {
      issuer,
      audience,
      algorithms,
      clockTolerance: TOLERANCE_S,
      requiredClaims: ["exp"],
      currentDate: new Date(clock.now()),
    };
    try {
      const { payload } = await (typeof key === "function"
        ? jwtVerify(token, key, demands)
        : jwtVerify(token, key, demands));
      return identityOf(payload, names);
    } catch (error) {
      throw error instanceof PersonaError ? error : asRefusal(error);
    }
  };
}

function identityOf(payload: JWTPayload, names: JwtOptions["claims"]): Identity {
  const named = Object.entries(names).map(([field, claim]) => [field, payload[claim]]);
  const caller = callerSchema.safeParse(Object.fromEntries(named));
  if (!caller.success) {
    const wrong = caller.error.issues.map(({ path }) => names[path[0] as keyof typeof names]);
    throw refused(`Its claims ${[...new Set(wrong)].join(", ")} are not as this server wants them.`);
  }
  return { ...caller.data, expiresAt: ((payload.exp ?? 0) + TOLERANCE_S) * 1000 };
}

/** The issuer's keys, fetched when the first token comes, and again for a new key, but not for each that is unknown. */
function keySet(jwksUrl: string, allowPrivate: readonly string[], clock: Clock): JWTVerifyGetKey {
  const fetch = guardedFetch({ allowPrivate, timeoutMs: 5_000, maxBytes: 1_048_576 });
  const load = async (url: string, init: object) => {
    const answer = await fetch(url, init);
    if (answer.status !== 200) throw new Error(`The server of the key set answered ${answer.status}`);
    const keys = (await answer.json()) as JSONWebKeySet;
    // Tried out here, so that a broken set counts as one that could not be fetched.
    createLocalJWKSet(keys);
    return Response.json(keys);
  };
  let retryAt = 0;
  return createRemoteJWKSet(new URL(jwksUrl), {
    [customFetch]: async (url, init) => {
      if (clock.now() < retryAt) throw unavailable();
      return load(url, init).catch((cause: unknown) => {
        retryAt = clock.now() + RETRY_MS;
        throw unavailable(cause);
      });
    },
  });
}

/** Signature, form and claims are checked by `jose`. */
function asRefusal(error: unknown): PersonaError {
  if (error instanceof errors.JWTExpired) return refused("The token has expired; get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed) return refused(`Its claim ${error.claim} is not accepted.`);
  return refused("The token is not accepted.");
}

function refused(why: string): PersonaError {
  return new PersonaError("unauthenticated", why);
}

function unavailable(cause?: unknown): PersonaError {
  const message = "The keys of the issuer of tokens cannot be fetched; try again later.";
  return new PersonaError("identity_unavailable", message, { cause, retryAfterMs: RETRY_MS });
}
