/** Who makes a request, by the API key or the token that it carries; and what happens to those that carry a wrong one. */
import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { ApiKey, ApiKeys } from "../types.ts";
import type { authOptionsSchema } from "./auth-options.ts";
import { type Identify, type Identity, LOCAL } from "./identity.ts";
import type { RateLimits } from "./limits.ts";

interface Parts {
  readonly keys: ApiKeys;
  readonly limits: RateLimits;
  readonly clock: Clock;
}

export async function authenticate(options: z.output<typeof authOptionsSchema>, parts: Parts): Promise<Identify> {
  if (options.mode === "none") return () => LOCAL;
  const { keys, limits, clock } = parts;
  const verifyToken = options.jwt && (await import("./jwt.ts")).tokenVerifier(options.jwt, clock);

  /** Of keys that were seen before: a key that is known comes as the same object each time. */
  const identities = new WeakMap<ApiKey, Identity>();
  const ofKey = (key: ApiKey | undefined) => {
    if (key === undefined) throw refused("The API key is unknown, expired or revoked.");
    const seen = identities.get(key);
    if (seen !== undefined) return seen;
    const identity = known(identityOf(key));
    identities.set(key, identity);
    return identity;
  };
  const known = (identity: Identity) => {
    if (limits.knows(identity.tier)) return identity;
    throw refused(`The tier ${identity.tier} is unknown to this server.`);
  };
  const find = (request: FastifyRequest): Identity | undefined | Promise<Identity> => {
    const credentials = credentialsOf(request.raw);
    if (credentials === undefined) return undefined;
    if (credentials.startsWith(KEY_PREFIX)) {
      const key = keys.verify(credentials);
      return key instanceof Promise ? key.then(ofKey) : ofKey(key);
    }
    if (verifyToken === undefined) throw refused("Send an API key of this server: `authorization: Bearer pr_…`.");
    return verifyToken(credentials).then(known);
  };
  const failed = (request: FastifyRequest, error: unknown): never => {
    const wrong = error instanceof PersonaError && error.code === "unauthenticated";
    if (wrong) limits.takeFailure(request.ip, claimedKey(request));
    throw error;
  };

  return (request) => {
    try {
      const identity = find(request);
      if (identity === undefined) limits.takeNobody(request.ip);
      return identity instanceof Promise ? identity.catch((error: unknown) => failed(request, error)) : identity;
    } catch (error) {
      return failed(request, error);
    }
  };
}

const KEY_PREFIX = "pr_";

/** RFC 6750, section 2.1; the name of the scheme in any case (RFC 9110, section 11.1). */
const BEARER = /^bearer ([\w.~+/-]+=*)$/i;

/** What a browser offers when it opens a socket, where it cannot set headers: `bearer.` and the token. */
const OFFERED = /^bearer\.([\w.~+/-]+=*)$/i;

function credentialsOf(request: IncomingMessage): string | undefined {
  const { authorization, upgrade, "sec-websocket-protocol": offers } = request.headers;
  if (authorization !== undefined) {
    // Node.js takes the first of several; somebody before us may have looked at another.
    if (count("authorization", request.rawHeaders) > 1) throw refused("Send one authorization header.");
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw refused("Send `authorization: Bearer`, one blank, and the API key or token.");
    return token;
  }
  if (upgrade === undefined || offers === undefined) return undefined;
  const offered = offers.split(",").flatMap((offer) => OFFERED.exec(offer.trim())?.[1] ?? []);
  if (offered.length > 1) throw refused("Offer one bearer token.");
  return offered[0];
}

/** In a list of names and values in turn. */
function count(name: string, rawHeaders: readonly string[]): number {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at];
    if (header?.length === name.length && header.toLowerCase() === name) found += 1;
  }
  return found;
}

/** Which key somebody tried, or that it was none: what failures are counted by. */
function claimedKey({ headers }: FastifyRequest): string {
  return /^bearer (pr_[0-9a-f]{32})_/i.exec(headers.authorization ?? "")?.[1] ?? "";
}

function identityOf({ tenant, user, role, tier, id, expiresAt }: ApiKey): Identity {
  return { tenant, user, role, tier, key: id, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function refused(why: string): PersonaError {
  return new PersonaError("unauthenticated", why);
}
