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
export const resolveDefaultsSchema = z.strictObject({ locale, model, ...settings });
export type ResolveDefaults = Frozen<z.output<typeof resolveDefaultsSchema>>;

/** Who said what a field is; `default`: nobody, so that it is absent and left to the provider. */
export const ORIGINS = ["persona", "role", "sequence", "server", "default"] as const;
export type Origin = (typeof ORIGINS)[number];

const { shape: persona } = personaEntrySchema;
const { shape: sequence } = sequenceEntrySchema;
const step = sequence.steps.element;

/** What nobody says is absent: without a role `role_id`, without a sequence all that is of one. */
export const resolvedSessionSchema = z
  .strictObject({
    persona_id: persona.id,
    role_id: roleEntrySchema.shape.id.exactOptional(),
    sequence_id: sequence.id.exactOptional(),
    display_name: persona.display_name,
    description: persona.description,
    traits: persona.traits,
    style: persona.style,
    expertise_areas: persona.expertise_areas,
    voice: persona.voice,
    locale,
    model,
    role_prompt: roleEntrySchema.shape.system_prompt.exactOptional(),
    refinement_prompt: roleEntrySchema.shape.refinement_prompt,
    system_prompt: z.string().register(wire, { description: "Role prompt and current step; empty without either" }),
    ...settings,
    current_step: step.exactOptional(),
    step_id: step.shape.id.exactOptional(),
    step_index: z.int().min(0).exactOptional(),
    step_count: z.int().min(1).exactOptional(),
    step_instruction: step.shape.instruction.exactOptional(),
    step_exit_criteria: step.shape.exit_criteria,
    step_max_turns: step.shape.max_turns,
    sequence_completion: z.enum(["all_steps", "explicit_close", "max_turns"]).exactOptional(),
    sequence_max_turns: sequence.max_turns,
    steps: sequence.steps.exactOptional().register(wire, { description: "All steps of the sequence, in their order" }),
    provenance: z.record(z.string(), z.enum(ORIGINS)).register(wire, {
      description: "Who said what each field is; `default`: nobody, it is left to the provider",
    }),
    versions: z
      .strictObject({
        persona: z.int().min(0),
        role: z.int().min(0).exactOptional(),
        sequence: z.int().min(0).exactOptional(),
      })
      .register(wire, { description: "Of the entries that it was made of" }),
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
