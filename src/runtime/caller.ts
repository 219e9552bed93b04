/** Who calls from outside: what holds for the identity in a key as for that in a token. */
import * as z from "zod";
import { ID_PATTERN } from "../inputs.ts";
import { ROLES } from "../types.ts";

export const callerShape = {
  tenant: z
    .string()
    .regex(ID_PATTERN, "must be a name such as `acme`: lower-case letters, digits, '.', '_' or '-', 128 at most")
    .default("default"),
  // It becomes part of a sender's id, which begins and ends with no blank.
  user: z.string().regex(/^[^\s\p{C}]{1,128}$/u, "must be 1 to 128 characters without blanks or control characters"),
  role: z.enum(ROLES).default("user"),
  tier: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be the name of a tier, such as `free`"),
};
