/** Entries of the catalogue in requests and answers. What an entry is says `catalogue/schema.ts`. */
import * as z from "zod";
import {
  type EntryKind,
  personaEntrySchema,
  personaSchema,
  roleEntrySchema,
  roleSchema,
  sequenceEntrySchema,
  sequenceSchema,
} from "../../catalogue/schema.ts";
import { decimal, idInput } from "./common.ts";
import { wire } from "./registry.ts";

/** What the routes of one kind are called, take and answer. */
export interface Resource {
  readonly kind: EntryKind;
  /** In paths and in lists, and the name of the collection. */
  readonly name: `${EntryKind}s`;
  readonly entry: z.ZodObject;
  readonly page: z.ZodObject;
  /** Bodies are described by these and checked by the catalogue, which knows what their fields refer to. */
  readonly body: z.ZodObject;
  readonly replacement: z.ZodObject;
  readonly changes: z.ZodObject;
}

export const RESOURCES: readonly Resource[] = [
  resource("persona", personaEntrySchema, personaSchema),
  resource("role", roleEntrySchema, roleSchema),
  resource("sequence", sequenceEntrySchema, sequenceSchema),
];

function resource(kind: EntryKind, entry: z.ZodObject, body: z.ZodObject): Resource {
  const name = `${kind}s` as const;
  const title = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  const fields = Object.entries(body.shape as Readonly<Record<string, z.ZodType>>);
  return {
    ...{ kind, name, entry, body },
    page: z
      .object({
        [name]: z.array(entry).register(wire, { description: "Sorted by id" }),
        next_cursor: z.string().optional().register(wire, { description: "Of the next page; absent at the end" }),
        deleted: z.array(z.string()).optional().register(wire, {
          description: "Ids of seeds that were deleted, all of them on each page, if they are asked for",
        }),
      })
      .register(wire, { id: `${title}Page` }),
    replacement: z
      .strictObject({ ...body.shape, id: idInput.optional().register(wire, { description: "As in the path" }) })
      .register(wire, { id: `${title}Replacement` }),
    changes: z
      .strictObject(Object.fromEntries(fields.map(([field, schema]) => [field, changeOf(schema)])))
      .register(wire, { id: `${title}Changes`, description: "A JSON merge patch (RFC 7396): null removes a field" }),
  };
}

/** With the description that it has in an entry. */
function changeOf(schema: z.ZodType): z.ZodType {
  const change = schema.nullable().optional();
  const known = wire.get(schema);
  return known?.description === undefined ? change : change.register(wire, { description: known.description });
}

export const entryPageQuery = z.strictObject({
  cursor: z
    .string()
    .max(256)
    .transform((text, { addIssue }) => {
      const id = Buffer.from(text, "base64url").toString();
      if (id !== "" && cursorOf(id) === text) return id;
      addIssue({ code: "custom", message: "must be the `next_cursor` of a page" });
      return z.NEVER;
    })
    .optional()
    .register(wire, { description: "`next_cursor` of the page before" }),
  limit: decimal(z.int().min(1).max(1_000)).default(100).register(wire, { description: "Default 100" }),
});

const flag = () => z.enum(["true", "false"]).default("false");

export const catalogueQuery = entryPageQuery.extend({
  deleted: flag().register(wire, { description: "Whether to name the seeds that were deleted, too" }),
});

/** Behind the entry with this id. */
export function cursorOf(id: string): string {
  return Buffer.from(id).toString("base64url");
}

const tags = (description: string) => z.string().optional().register(wire, { description });

/** Loose: a request carries many more headers. */
export const readHeaders = z.looseObject({ "if-none-match": tags("ETags that are known already: 304 if it is one") });

export const changeHeaders = z.looseObject({
  "if-match": tags("The ETag that was read, or *: 412 if it is another one by now"),
});

export const replacementHeaders = changeHeaders.extend({
  "if-none-match": tags("*: 412 if there is one already"),
});

export const removalHeaders = z.looseObject({
  "if-match": tags("The ETag that was read: 412 if it is another one by now. Left out, whatever is there goes"),
});

export const deletionQuery = z.strictObject({
  force: flag().register(wire, { description: "Whether it is deleted also while others refer to it" }),
});
