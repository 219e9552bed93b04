/** The keys of authentication: whether callers have to say who they are, and whose tokens are taken. */
import * as z from "zod";
import { about } from "../about.ts";
import { notBlank } from "./texts.ts";

const claim = (what: string, example: string) =>
  notBlank()
    .exactOptional()
    .register(about, { description: `Claim that names ${what}`, example });

const HIDDEN_EXAMPLE = { env: "JWT_SECRET" };

export const authTable = z
  .strictObject({
    mode: z.enum(["none", "required"]).default("none").register(about, {
      description: '"none" takes everybody for the administrator, on loopback only; "required" wants a key or a token',
    }),
    jwt: z
      .strictObject({
        issuer: notBlank().exactOptional().register(about, {
          description: "Whose tokens are taken besides API keys",
          example: "https://id.example.com/",
        }),
        audience: notBlank().exactOptional().register(about, {
          description: "For whom the tokens must be",
          example: "persona-runtime",
        }),
        algorithms: z
          .array(notBlank())
          .exactOptional()
          .register(about, {
            description: "How they are signed: HS256 and the like with a secret, others with a key set",
            example: ["RS256"],
          }),
        jwks_url: notBlank().exactOptional().register(about, {
          description: "Where the issuer publishes its keys",
          example: "https://id.example.com/.well-known/jwks.json",
        }),
        secret: z.string().exactOptional().register(about, {
          description: "What was agreed with the issuer, instead of jwks_url",
          secret: true,
          example: HIDDEN_EXAMPLE,
        }),
        allow_private: z
          .array(notBlank())
          .exactOptional()
          .register(about, {
            description: "Origins of key sets that may be plain http or within the own network",
            example: ["http://10.0.0.5:8080"],
          }),
        claims: z
          .strictObject({
            user: claim("the user", "sub"),
            tenant: claim("the tenant", "tenant"),
            role: claim("the role", "role"),
            tier: claim("the tier", "tier"),
          })
          .exactOptional(),
      })
      .exactOptional(),
  })
  .prefault({});
