/** Feedback in requests. What feedback is says `mapping/feedback.ts`. */
import * as z from "zod";
import { decimal, idInput } from "./common.ts";
import { wire } from "./registry.ts";

export const analyticsQuery = z.strictObject({
  person_id: idInput.optional().register(wire, { description: "Default: everybody; a user's own alone" }),
  mapper_id: idInput.optional(),
  rule_id: idInput.optional(),
  days: decimal(z.int().min(1).max(366)).default(7).register(wire, { description: "How far back. Default 7" }),
});
