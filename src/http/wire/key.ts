import * as z from "zod";
import { apiKeyShape } from "../../runtime/api-keys.ts";
import { type ApiKey, ROLES } from "../../types.ts";
import { idInput, pageLimit, time } from "./common.ts";
import { inWireNames } from "./names.ts";
import { wire } from "./registry.ts";

export const keyBody = z.strictObject({
  user: apiKeyShape.user.register(wire, { description: "Who uses it: 1 to 128 characters without blanks" }),
  role: apiKeyShape.role.register(wire, { description: "Default `user`" }),
  tier: apiKeyShape.tier.register(wire, {
    description: "Default `free` for a user, `enterprise` for the other roles",
  }),
  name: apiKeyShape.name.register(wire, { description: "What it is for" }),
  expires_at: time.optional(),
});

export const keyPageQuery = z.strictObject({
  after: idInput.exactOptional().register(wire, { description: "Id of the last key that is already known" }),
  limit: pageLimit,
});

export const keySchema = z
  .object({
    id: z.string(),
    tenant: z.string(),
    user: z.string(),
    role: z.enum(ROLES),
    tier: z.string(),
    name: z.string(),
    created_at: time,
    expires_at: time.optional(),
    last_used_at: time.optional().register(wire, { description: "To the hour" }),
    revoked_at: time.optional(),
  })
  .register(wire, { id: "ApiKey", description: "An API key, without its secret" });

export const newKeySchema = z
  .object({
    ...keySchema.shape,
    secret: z.string().register(wire, { description: "Shown this once; send it as `authorization: Bearer …`" }),
  })
  .register(wire, { id: "NewApiKey" });

export const keyPageSchema = z
  .object({
    keys: z.array(keySchema).register(wire, { description: "Oldest first, also expired and revoked ones" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last key's id" }),
  })
  .register(wire, { id: "ApiKeyPage" });

export function keyOf(key: ApiKey): z.output<typeof keySchema> {
  return inWireNames(key);
}
