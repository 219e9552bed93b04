import * as z from "zod";
import { definitionSchema } from "../../runtime/settings.ts";
import type { EnrollmentStatus, PersonaChanges, PersonaDefinition, Role } from "../../types.ts";
import { breakerSchema } from "./breaker.ts";
import { decimal, idInput, laneCounts, time } from "./common.ts";
import { gate } from "./gate.ts";
import { inWireNames } from "./names.ts";
import { wire } from "./registry.ts";
import { settingsChanges, settingsInput, settingsOf, settingsSchema } from "./settings.ts";
import { sleepBody, sleepSchema } from "./sleep.ts";

export const enrollmentParams = z.strictObject({ id: definitionSchema.shape.id });

export const enrollmentBody = z.strictObject({
  name: definitionSchema.shape.name.register(wire, {
    description: "Left out, with instructions, model and mapper: it is the persona of the catalogue with this id",
  }),
  instructions: definitionSchema.shape.instructions,
  model: definitionSchema.shape.model,
  mapper_id: definitionSchema.shape.mapperId.register(wire, {
    description: "Of the mapper that tells it in its turns what it suggests about whoever speaks",
  }),
  settings: settingsSchema
    .extend({
      max_parallel_turns: z.int().min(1).max(1024).optional().register(wire, {
        description: "Turns at once over all conversations. Default 1; 16 for a persona of the catalogue",
      }),
    })
    .prefault({}),
});

export const enrollmentChanges = z.strictObject({
  settings: settingsChanges.exactOptional(),
  sleep: sleepBody.exactOptional(),
});

const FOR_SERVICES = "Not for the role `user`";

export const enrollmentSchema = z
  .object({
    id: z.string(),
    source: z.enum(["inline", "catalogue"]).register(wire, {
      description:
        "`inline`: enrolled with a definition of its own, which hides an entry of the catalogue with the same id",
    }),
    name: z.string(),
    instructions: z.string().optional().register(wire, { description: FOR_SERVICES }),
    model: z.string().optional(),
    mapper_id: z.string().optional(),
    cognition: z.enum(["rehearsal", "function", "provider", "absent"]),
    settings: settingsSchema.optional().register(wire, { description: FOR_SERVICES }),
    sleep: sleepSchema,
    breaker: breakerSchema,
    queued: z.int(),
    in_store: z.int().register(wire, { description: "Of those, how many wait in the database only" }),
    in_flight: z.int(),
    lanes: laneCounts,
    held: gate.optional().register(wire, { description: "Why nothing of it is dispatched right now" }),
    held_since: time.optional().register(wire, { description: "Since when, where it is known" }),
    held_until: time.optional().register(wire, { description: "When that ends by itself, if it does" }),
    draining: z.boolean(),
  })
  .register(wire, { id: "Enrollment" });

export const enrollmentPageQuery = z.strictObject({
  after: idInput.exactOptional().register(wire, { description: "Id of the last persona that is already known" }),
  limit: decimal(z.int().min(1).max(1_000)).default(100).register(wire, { description: "Default 100" }),
});

export const enrollmentPageSchema = z.object({ enrollments: z.array(enrollmentSchema), more: z.boolean() });

export function definitionOf(id: string, body: z.output<typeof enrollmentBody>): PersonaDefinition {
  const { name, instructions, model, mapper_id: mapperId, settings } = body;
  const { max_parallel_turns: maxParallelTurns, ...others } = settings;
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(model === undefined ? {} : { model }),
    ...(mapperId === undefined ? {} : { mapperId }),
    settings: { ...settingsInput(others), ...(maxParallelTurns === undefined ? {} : { maxParallelTurns }) },
  };
}

export function changesOf({ settings, ...sleep }: z.output<typeof enrollmentChanges>): PersonaChanges {
  return { ...sleep, ...(settings === undefined ? {} : { settings: settingsInput(settings) }) };
}

/** What a persona was told, and how it is bounded, is no business of those who talk to it. */
export function enrollmentOf(status: EnrollmentStatus, role: Role): z.output<typeof enrollmentSchema> {
  const { settings, instructions, breaker, ...same } = inWireNames(status);
  const common = { ...same, breaker: inWireNames(breaker) };
  return role === "user" ? common : { ...common, instructions, settings: settingsOf(settings) };
}
