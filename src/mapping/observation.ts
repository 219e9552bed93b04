/** What somebody saw of a person: checked once, then never changed. */
import * as z from "zod";
import { wire } from "../wire.ts";
import { boundedObject, isTable } from "./bounded-json.ts";
import { isZone } from "./local-time.ts";

/** Of `content` and of `metadata`, each. */
const OBSERVATION_BOUNDS = { bytes: 65_536, depth: 16, fields: 1_000 };
/** Most observations of one call. */
export const MAX_BATCH = 100;
/** Clocks of clients differ; what is later than this was not seen yet. */
export const MAX_AHEAD_MS = 5 * 60_000;
/** Nobody has kept records of working days before. */
const EARLIEST = Date.UTC(1970, 0, 2);
/** A number below is a time in seconds: it would be one of 1970 for the next nine hundred years. */
const EARLIEST_NUMBER = Date.UTC(1971, 0, 1);

const described = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => {
  wire.add(schema, { description });
  return schema;
};

/** An id that somebody else has chosen: anything that can be written in one line. */
export const clientId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 visible characters of ASCII, without blanks");

/** Who the observations, traits and feedback are about: the `Sender.id` of a human. */
export const personId = z
  .string()
  .min(1)
  .max(256)
  .refine((id) => id === id.trim() && id.isWellFormed(), "must not begin or end with a blank");

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;

/** A moment as milliseconds since 1970, or as a time with its offset from UTC; a local time alone is no moment. */
export const moment = z.union([z.int(), z.string()]).transform((value, { addIssue }) => {
  const at = typeof value === "number" ? value : Date.parse(value);
  const form = typeof value === "number" ? ["", "Z"] : ZONED.exec(value);
  const wrong =
    form === null || Number.isNaN(at) || !isDay(value)
      ? "must be milliseconds since 1970, or a time such as 2026-11-20T09:30:00+01:00"
      : form[1] === undefined
        ? "must say its offset from UTC: Z, or such as +01:00"
        : at < (typeof value === "number" ? EARLIEST_NUMBER : EARLIEST)
          ? "must be milliseconds since 1970, not seconds"
          : undefined;
  if (wrong === undefined) return at;
  addIssue({ code: "custom", message: wrong });
  return z.NEVER;
});

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(value: number | string): boolean {
  if (typeof value === "number") return true;
  const day = value.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const count = z.int().min(0).max(10_000);
const minutes = z.number().positive().max(1_440);

/** What of the content of these is read; they may say more. Any other content is free. */
const FORMS = {
  work_session: z.looseObject({
    start: moment.optional(),
    duration_minutes: minutes.optional(),
    productivity_score: z.number().min(1).max(5).optional(),
    interruptions: count.optional(),
  }),
  "calendar_event/meeting": z.looseObject({ duration_minutes: minutes.optional() }),
  "user_input/wizard_response": z.looseObject({
    responses: z.looseObject({
      most_productive: z.enum(["morning", "afternoon", "evening", "varies"]).optional(),
      focus_duration: z.enum(["30min", "1hr", "2hr+"]).optional(),
      flow_disruptor: z.string().min(1).optional(),
    }),
  }),
  "user_input/energy_check": z.looseObject({ energy_level: z.enum(["low", "medium", "high"]) }),
} as const;

type Forms = { readonly [Form in keyof typeof FORMS]: z.output<(typeof FORMS)[Form]> };

/** Its content with times as milliseconds, if it has this form. */
export function contentAs<Form extends keyof Forms>(form: Form, observation: Said): Forms[Form] | undefined {
  return formOf(observation) === form ? (FORMS[form].parse(observation.content) as Forms[Form]) : undefined;
}

type Said = Pick<Observation, "type" | "content">;

function formOf({ type, content }: Said): keyof Forms | undefined {
  const names = [type, `${type}/${content["type"]}`];
  return names.find((name): name is keyof Forms => Object.hasOwn(FORMS, name));
}

const metadata = boundedObject(OBSERVATION_BOUNDS).superRefine(({ timezone }, { addIssue }) => {
  if (timezone === undefined || (typeof timezone === "string" && isZone(timezone))) return;
  addIssue({ code: "custom", path: ["timezone"], message: "must be a zone such as `Europe/Berlin`" });
});

const fields = {
  id: described(clientId, "The client's choice, unique for the person; sent again, it is the same observation"),
  type: described(
    z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, "must be a lower-case word such as `work_session`"),
    "`work_session`, `calendar_event`, `user_input`, or another",
  ),
  content: described(boundedObject(OBSERVATION_BOUNDS), "What was seen; of the three known types it is checked"),
  metadata: described(metadata.prefault({}), "What stands around it; `timezone` is where the person was"),
};

/** What may be written. */
export const observationSchema = z
  .strictObject({
    ...fields,
    person_id: described(personId.exactOptional(), "Default: the caller"),
    observed_at: described(moment, "Milliseconds since 1970, or a time with its offset; not later than now"),
  })
  .superRefine(
    (observation, { addIssue }) => {
      const form = isTable(observation.content) ? formOf(observation) : undefined;
      const faults = form === undefined ? [] : (FORMS[form].safeParse(observation.content).error?.issues ?? []);
      for (const { path, message } of faults) addIssue({ code: "custom", path: ["content", ...path], message });
    },
    { when: ({ value }) => isTable(value) },
  )
  .register(wire, { id: "ObservationBody" });

/** What is read. */
export const observationViewSchema = z
  .object({
    ...fields,
    metadata: z.record(z.string(), z.unknown()),
    content: z.record(z.string(), z.unknown()),
    person_id: z.string(),
    observed_at: described(z.int(), "Milliseconds since 1970"),
    created_at: described(z.int(), "Milliseconds since 1970"),
    damaged: described(z.literal(true).exactOptional(), "What is stored of it cannot be read: it is without content"),
  })
  .register(wire, { id: "Observation" });

export type ObservationInput = z.input<typeof observationSchema>;
export type Observation = Readonly<z.output<typeof observationViewSchema>>;
