import * as z from "zod";
import { definitionSchema, settingsShape } from "../../runtime/settings.ts";
import type { EnrollmentStatus, PersonaDefinition } from "../../types.ts";
import { decimal, idInput, laneCounts, time } from "./common.ts";
import { wire } from "./registry.ts";

/** The bounds and defaults are those of the library; only the names are the wire's. */
const settingsSchema = z
  .strictObject({
    max_parallel_turns: settingsShape.maxParallelTurns,
    max_queued: settingsShape.maxQueued,
    deadline_ms: settingsShape.deadlineMs,
    history_tokens: settingsShape.historyTokens,
    on_unknown_outcome: settingsShape.onUnknownOutcome,
    paused: settingsShape.paused,
  })
  .register(wire, { id: "Settings" });

export const enrollmentParams = z.strictObject({ id: definitionSchema.shape.id });

export const enrollmentBody = z.strictObject({
  name: definitionSchema.shape.name,
  instructions: definitionSchema.shape.instructions,
  model: definitionSchema.shape.model,
  settings: settingsSchema.prefault({}),
});

export const enrollmentSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    instructions: z.string(),
    model: z.string().optional(),
    cognition: z.enum(["rehearsal", "function", "absent"]),
    settings: settingsSchema,
    queued: z.int(),
    in_flight: z.int(),
    lanes: laneCounts,
    held: z
      .enum(["paused", "cognition_absent", "busy", "fleet_busy", "backing_off"])
      .optional()
      .register(wire, { description: "Why nothing of it is dispatched right now" }),
    held_until: time.optional(),
    draining: z.boolean(),
  })
  .register(wire, { id: "Enrollment" });

export const enrollmentPageQuery = z.strictObject({
  after: idInput.exactOptional().register(wire, { description: "Id of the last persona that is already known" }),
  limit: decimal(z.int().min(1).max(1_000)).default(100).register(wire, { description: "Default 100" }),
});

export const enrollmentPageSchema = z.object({ enrollments: z.array(enrollmentSchema), more: z.boolean() });

export function definitionOf(id: string, body: z.output<typeof enrollmentBody>): PersonaDefinition {
  const { name, instructions, model, settings } = body;
  return {
    id,
    name,
    instructions,
    ...(model === undefined ? {} : { model }),
    settings: {
      maxParallelTurns: settings.max_parallel_turns,
      maxQueued: settings.max_queued,
      deadlineMs: settings.deadline_ms,
      historyTokens: settings.history_tokens,
      onUnknownOutcome: settings.on_unknown_outcome,
      paused: settings.paused,
    },
  };
}

export function enrollmentOf(status: EnrollmentStatus): z.output<typeof enrollmentSchema> {
  const { settings } = status;
  return {
    id: status.id,
    name: status.name,
    instructions: status.instructions,
    model: status.model,
    cognition: status.cognition,
    settings: {
      max_parallel_turns: settings.maxParallelTurns,
      max_queued: settings.maxQueued,
      deadline_ms: settings.deadlineMs,
      history_tokens: settings.historyTokens,
      on_unknown_outcome: settings.onUnknownOutcome,
      paused: settings.paused,
    },
    queued: status.queued,
    in_flight: status.inFlight,
    lanes: status.lanes,
    held: status.held,
    held_until: status.heldUntil,
    draining: status.draining,
  };
}
