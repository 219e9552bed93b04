/** Who may call, as it is configured. What checks tokens is loaded only where there are any. */
import * as z from "zod";

/** Bytes of key that each algorithm takes at least (RFC 7518, section 3.2). */
const SYMMETRIC: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };
const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

const BY_SECRET = ["HS256"];

const name = z.string().min(1).max(256);

const claims = z.strictObject({
  user: name.default("sub"),
  tenant: name.default("tenant"),
  role: name.default("role"),
  tier: name.default("tier"),
});

const jwtOptionsSchema = z
  .strictObject({
    issuer: name,
    audience: name,
    /** What was agreed with the issuer; or instead of it `jwksUrl`, where it publishes its keys. No token can choose. */
    secret: z.string().exactOptional(),
    jwksUrl: z.string().exactOptional(),
    /** Origins that may be plain http or within the own network, for the key set. */
    allowPrivate: z.array(z.string()).default([]),
    /** Default with a secret: HS256. With a key set they are to be named. */
    algorithms: z.array(z.string()).min(1).exactOptional(),
    /** Which claims hold what. A token without the last three is of the tenant `default`, the role `user`, the tier `free`. */
    claims: claims.prefault({}),
  })
  .check(({ value: { secret, jwksUrl, allowPrivate, algorithms }, issues }) => {
    const fault = (message: string, ...path: (string | number)[]) =>
      // Without the input: it is a secret.
      issues.push({ code: "custom", input: undefined, path, message });
    if ((secret === undefined) === (jwksUrl === undefined)) {
      fault("must have either `secret` with HS algorithms, or `jwksUrl` with others");
      return;
    }
    const known = secret === undefined ? ASYMMETRIC : Object.keys(SYMMETRIC);
    for (const [at, algorithm] of (algorithms ?? []).entries()) {
      if (!known.includes(algorithm)) fault(`must be one of ${known.join(", ")}`, "algorithms", at);
    }
    if (secret !== undefined) {
      const used = algorithms ?? BY_SECRET;
      const least = Math.max(...used.map((algorithm) => SYMMETRIC[algorithm] ?? 0));
      if (Buffer.byteLength(secret) < least) fault(`must be at least ${least} bytes for ${used.join(", ")}`, "secret");
      return;
    }
    if (algorithms === undefined) fault(`must be given: one or more of ${known.join(", ")}`, "algorithms");
    const { protocol, origin } = URL.parse(jwksUrl ?? "") ?? {};
    if (protocol === "https:" || (protocol === "http:" && allowPrivate.includes(origin ?? ""))) return;
    fault("must be an https URL, unless its origin is in `allowPrivate`", "jwksUrl");
  })
  .transform((options) => ({ ...options, algorithms: options.algorithms ?? BY_SECRET }));

export const authOptionsSchema = z.strictObject({
  /** `none` takes everybody for the person at this machine, and is for servers on loopback only. */
  mode: z.enum(["none", "required"]).default("none"),
  /** Besides API keys, whose tokens are accepted. */
  jwt: jwtOptionsSchema.optional(),
});

export type AuthOptions = z.input<typeof authOptionsSchema>;

export type JwtOptions = z.output<typeof jwtOptionsSchema>;
