/** Observations in requests and answers. What an observation is says `mapping/observation.ts`. */
import * as z from "zod";
import { MAX_BATCH, moment, observationSchema, observationViewSchema } from "../../mapping/observation.ts";
import { decimal, idInput, pageLimit } from "./common.ts";
import { wire } from "./registry.ts";

/** Described by this, and checked by the library. */
export const observationsBody = z
  .union([
    observationSchema,
    z
      .strictObject({ observations: z.array(observationSchema).min(1).max(MAX_BATCH) })
      .register(wire, { id: "ObservationBatchBody" }),
  ])
  .register(wire, { description: "One, or up to a hundred of one person, all or none" });

export const recordedSchema = z
  .object({
    observations: z
      .array(observationViewSchema)
      .readonly()
      .register(wire, { description: "In the order of the request" }),
    repeated: z.array(z.string()).readonly().register(wire, { description: "Ids of those that were there before" }),
  })
  .register(wire, { id: "Recorded" });

const time = z.union([decimal(z.int().min(0)), moment]);

export const observationPageQuery = z.strictObject({
  person_id: idInput.optional().register(wire, { description: "Default: the caller" }),
  type: z.string().min(1).max(64).optional(),
  from: time.optional().register(wire, { description: "Only what was observed then or later" }),
  to: time.optional().register(wire, { description: "Only what was observed before" }),
  after: idInput.optional().register(wire, { description: "Id of the last observation that is already known" }),
  limit: pageLimit,
});

export const observationPageSchema = z
  .object({
    observations: z.array(observationViewSchema).register(wire, { description: "In the order in which they came in" }),
    more: z.boolean().register(wire, { description: "Go on with `after` = the last observation's id" }),
  })
  .register(wire, { id: "ObservationPage" });
