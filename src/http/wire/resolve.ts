import * as z from "zod";
import { wire } from "./registry.ts";

/** Blanks around it do not count. Whether it names anything is for the catalogue to say (404), not for a pattern. */
const id = z.string().max(256);

export const resolveBody = z.strictObject({
  persona_id: id,
  role_id: id.optional().register(wire, { description: "Default: the persona's" }),
  sequence_id: id.nullable().optional().register(wire, { description: "Default: the persona's; null: none" }),
  step: z.int().default(0).register(wire, { description: "Index of the step to begin with. Default 0" }),
});
