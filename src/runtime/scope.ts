/** What a view of the runtime is about. */
import * as z from "zod";
import { ID_FORM, ID_PATTERN } from "../inputs.ts";
import type { ConversationRow } from "../store/port.ts";

/** One tenant, or of that only what belongs to one person. */
export interface Scope {
  readonly tenant: string;
  /** `Sender.id` of the human whose conversations these are. */
  readonly owner?: string | undefined;
}

/** The tenant of everything that names none. */
export const DEFAULT_TENANT = "default";

export const scopeSchema = z.strictObject({
  tenant: z.string().regex(ID_PATTERN, ID_FORM),
  owner: z
    .string()
    .min(1)
    .max(256)
    .refine((owner) => owner === owner.trim(), "must not begin or end with a blank")
    .optional(),
});

/** Whether this conversation, or whatever else belongs to a person, can be seen and used in the scope. */
export function covers({ tenant, owner }: Scope, place: Pick<ConversationRow, "tenant" | "owner">): boolean {
  return place.tenant === tenant && (owner === undefined || place.owner === owner);
}
