/**
 * What a session is made of: persona, role and sequence, resolved together at one moment. It has all that running the
 * session takes; what becomes of the catalogue afterwards changes nothing in it. A document, so its names are those of the wire.
 */
import * as z from "zod";
import { PersonaError } from "../errors.ts";
import { describeFaults, faultsOf } from "../faults.ts";
import { wire } from "../wire.ts";
import { type Frozen, personaEntrySchema, roleEntrySchema, sequenceEntrySchema } from "./schema.ts";

/** What the role sets, or else the server. */
const settings = roleEntrySchema.pick({
  vocabulary_hint: true,
  tool_allowlist: true,
  temperature: true,
  thinking_enabled: true,
  thinking_level: true,
  include_thoughts: true,
  thinking_budget: true,
  automatic_activity_detection: true,
  vad_start_sensitivity: true,
  vad_end_sensitivity: true,
  vad_prefix_padding_ms: true,
  vad_silence_duration_ms: true,
  activity_handling: true,
  turn_coverage: true,
  context_compression_enabled: true,
  context_compression_trigger_tokens: true,
  context_compression_target_tokens: true,
  enable_affective_dialog: true,
}).shape;

export type SettingName = keyof typeof settings;
export const SETTING_NAMES = Object.keys(settings) as readonly SettingName[];
export type Settings = Frozen<z.output<z.ZodObject<typeof settings>>>;

const { locale, model } = roleEntrySchema.shape;

/** What holds where neither persona nor role says anything. */
export const resolveDefaultsSchema = z
  .strictObject({ locale, model, ...settings })
  .refine(
    ({ context_compression_trigger_tokens: trigger, context_compression_target_tokens: target }) =>
      trigger === undefined || target === undefined || target < trigger,
    {
      path: ["context_compression_target_tokens"],
      error: "must be less than `context_compression_trigger_tokens`",
    },
  );
export type ResolveDefaults = Frozen<z.output<typeof resolveDefaultsSchema>>;

/** Who said what a field is; `default`: nobody, so that it is absent and left to the provider. */
const ORIGINS = ["request", "persona", "role", "sequence", "server", "default"] as const;
export type Origin = (typeof ORIGINS)[number];

const { shape: persona } = personaEntrySchema;
const { shape: sequence } = sequenceEntrySchema;
const step = sequence.steps.element;

/** A copy, since these words are not those of the entry. */
function described<Schema extends z.ZodType>(schema: Schema, description: string): Schema {
  const copy = schema.clone();
  wire.add(copy, { description });
  return copy;
}

/** What nobody says is absent: without a role `role_id`, without a sequence all that is of one. */
export const resolvedSessionSchema = z
  .strictObject({
    persona_id: described(persona.id, "Whose session it is"),
    role_id: described(roleEntrySchema.shape.id.exactOptional(), "Absent without a role"),
    sequence_id: described(sequence.id.exactOptional(), "Absent without a sequence, as all that is of one"),
    display_name: described(persona.display_name, "The persona's name"),
    description: persona.description,
    traits: persona.traits,
    style: persona.style,
    expertise_areas: persona.expertise_areas,
    voice: described(persona.voice, "The persona's"),
    locale: described(locale, "The role's, the persona's, or the server's"),
    model: described(model, "`provider:model`: the role's, the persona's, or the server's"),
    role_prompt: described(roleEntrySchema.shape.system_prompt.exactOptional(), "The system prompt of the role"),
    refinement_prompt: roleEntrySchema.shape.refinement_prompt,
    system_prompt: described(z.string(), "Role prompt and current step; empty without either"),
    ...settings,
    current_step: described(step.exactOptional(), "The step that the session is in"),
    step_id: described(step.shape.id.exactOptional(), "Its id"),
    step_index: described(z.int().min(0).exactOptional(), "Its place in the sequence, from 0 on"),
    step_count: described(z.int().min(1).exactOptional(), "How many steps there are"),
    step_instruction: step.shape.instruction.exactOptional(),
    step_exit_criteria: step.shape.exit_criteria,
    step_max_turns: step.shape.max_turns,
    sequence_completion: described(sequence.completion.unwrap().exactOptional(), "What ends the sequence"),
    sequence_max_turns: sequence.max_turns,
    steps: described(sequence.steps.exactOptional(), "All steps of the sequence, in their order"),
    provenance: described(
      z.record(z.string(), z.enum(ORIGINS)),
      "Who said what each field is, but `system_prompt`, which is made of role and step; `default`: nobody, it is left to the provider",
    ),
    versions: described(
      z.strictObject({
        persona: z.int().min(0),
        role: z.int().min(0).exactOptional(),
        sequence: z.int().min(0).exactOptional(),
      }),
      "Of the entries that it was made of",
    ),
  })
  .register(wire, { id: "ResolvedSession" });

export type ResolvedSession = Frozen<z.output<typeof resolvedSessionSchema>>;

/** A snapshot that was stored. Throws `store_corrupt` when it is not whole. */
export function readResolvedSession(stored: unknown): ResolvedSession {
  const read = resolvedSessionSchema.safeParse(stored);
  if (!read.success) throw damaged(describeFaults(faultsOf(read.error, "session")));
  const { step_index, step_count, steps, sequence_id } = read.data;
  const count = steps?.length;
  const isWhole =
    count === step_count &&
    (sequence_id === undefined) === (steps === undefined) &&
    (steps === undefined ? step_index === undefined : step_index !== undefined && step_index < steps.length);
  if (!isWhole) throw damaged("its steps do not fit together");
  return read.data;
}

function damaged(what: string): PersonaError {
  return new PersonaError("store_corrupt", `What the session was resolved to is damaged: ${what}`);
}
