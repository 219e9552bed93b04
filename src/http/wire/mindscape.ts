/** Mindscapes in requests and answers. What a mindscape is says `mapping/mind-row.ts`. */
import * as z from "zod";
import { mindscapeChangeSchema } from "../../mapping/mind-row.ts";
import { decimal, idInput, pageLimit } from "./common.ts";
import { wire } from "./registry.ts";

export const mindscapeParams = z.strictObject({
  person: idInput.register(wire, { description: "`user:` and the user's id" }),
});

export const historyQuery = z.strictObject({
  before: decimal(z.int().min(1))
    .optional()
    .register(wire, { description: "The oldest version that is already known" }),
  limit: pageLimit,
});

export const historySchema = z
  .object({
    changes: z.array(mindscapeChangeSchema).register(wire, { description: "Newest first" }),
    more: z.boolean().register(wire, { description: "Go on with `before` = the last change's version" }),
  })
  .register(wire, { id: "MindscapeHistory" });
