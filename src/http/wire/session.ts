import * as z from "zod";
import { resolvedSessionSchema } from "../../catalogue/resolved-session.ts";
import { sequenceProgressSchema } from "../../catalogue/sequence.ts";
import { sessionSchema as inputSchema } from "../../runtime/speech.ts";
import type { Session, SessionInput } from "../../types.ts";
import { personOf } from "../access.ts";
import type { Identity } from "../identity.ts";
import { idInput, time } from "./common.ts";
import { wire } from "./registry.ts";

const { shape } = inputSchema;

export const sessionBody = z.strictObject({
  persona_id: shape.persona.register(wire, { description: "Of the catalogue" }),
  role_id: shape.role.register(wire, { description: "Default: that of the persona" }),
  sequence_id: shape.sequence.register(wire, { description: "Default: that of the persona; null: none" }),
  mode: shape.mode,
  from: shape.from.optional().register(wire, {
    description: 'Who talks: `"user:7"`, `"agent:x"`, or an object. Default: the caller; others take the role service',
  }),
});

export const advanceBody = z.strictObject({
  step: idInput.register(wire, { description: "Id of the step that is left; to leave it again changes nothing" }),
});

export const sessionSchema = z
  .object({
    id: z.string(),
    persona_id: z.string(),
    caller: z.string().register(wire, { description: "Who talks" }),
    mode: z.literal("text"),
    created_at: time,
    closed_at: time.optional(),
    resolved: resolvedSessionSchema.optional().register(wire, {
      description:
        "What it was resolved to when it was opened, at its current step. Absent for a persona that is not of the catalogue",
    }),
    progress: sequenceProgressSchema.optional().register(wire, {
      description: "How far its sequence has come; absent without one",
    }),
    not_honoured: z
      .array(z.object({ field: z.string(), reason: z.string() }))
      .register(wire, { description: "What is resolved and does not reach who answers" }),
  })
  .register(wire, { id: "Session" });

export function sessionInput(body: z.output<typeof sessionBody>, identity: Identity): SessionInput {
  const { persona_id: persona, role_id: role, sequence_id: sequence, mode, from } = body;
  return {
    persona,
    ...(role === undefined ? {} : { role }),
    ...(sequence === undefined ? {} : { sequence }),
    mode,
    from: from ?? { kind: "human", id: personOf(identity) },
  };
}

export function sessionOf(session: Session): z.output<typeof sessionSchema> {
  const { persona, createdAt, closedAt, resolved, progress, notHonoured, ...same } = session;
  return {
    ...same,
    persona_id: persona,
    created_at: createdAt,
    closed_at: closedAt,
    // They are frozen; nothing here changes them.
    resolved: resolved as z.output<typeof resolvedSessionSchema>,
    progress: progress as z.output<typeof sequenceProgressSchema>,
    not_honoured: notHonoured.map(({ field, reason }) => ({ field, reason })),
  };
}
