/**
 * What a session is made of: persona, role and sequence, resolved together at one moment. It has all that running the
 * session takes; what the catalogue becomes afterwards changes nothing in it. A document, so its names are those of the wire.
 */
import * as z from "zod";

const level = z.enum(["low", "medium", "high"]);
const share = z.number().min(0).max(1);

/** What a role, or else the server, sets. */
export const settingsShape = {
  tool_allowlist: z.array(z.string()).exactOptional(),
  temperature: z.number().exactOptional(),
  thinking_enabled: z.boolean().exactOptional(),
  thinking_level: z.enum(["off", "low", "medium", "high"]).exactOptional(),
  include_thoughts: z.boolean().exactOptional(),
  thinking_budget: z.int().min(0).exactOptional(),
  vocabulary_hint: z.string().exactOptional(),
  automatic_activity_detection: z.boolean().exactOptional(),
  vad_start_sensitivity: level.exactOptional(),
  vad_end_sensitivity: level.exactOptional(),
  vad_prefix_padding_ms: z.int().min(0).exactOptional(),
  vad_silence_duration_ms: z.int().min(0).exactOptional(),
  activity_handling: z.enum(["start_of_activity_interrupts", "no_interrupt"]).exactOptional(),
  turn_coverage: z
    .enum(["turn_includes_only_activity", "turn_includes_all_input", "turn_includes_audio_activity"])
    .exactOptional(),
  context_compression_enabled: z.boolean().exactOptional(),
  context_compression_trigger_tokens: z.int().min(0).exactOptional(),
  context_compression_target_tokens: z.int().min(0).exactOptional(),
  enable_affective_dialog: z.boolean().exactOptional(),
};

const step = z.strictObject({
  id: z.string(),
  instruction: z.string(),
  exit_criteria: z.string().exactOptional(),
  require_tools: z.array(z.string()),
  max_turns: z.int().min(1).exactOptional(),
});

const personality = z.strictObject({
  traits: z.strictObject({
    openness: share,
    conscientiousness: share,
    extraversion: share,
    agreeableness: share,
    neuroticism: share,
    formality: share,
    enthusiasm: share,
  }),
  style: z.strictObject({
    verbosity: z.enum(["Concise", "Balanced", "Detailed", "Elaborate"]),
    tone: z.enum(["Professional", "Friendly", "Casual", "Authoritative", "Supportive", "Analytical"]),
    humor_level: share,
    technical_depth: share,
    empathy_level: share,
    proactivity: share,
  }),
  expertise_areas: z.array(z.string()),
});

/** Who said what a field is; `default`: nobody, it is left to whoever provides. */
export const ORIGINS = ["persona", "role", "sequence", "server", "default"] as const;
export type Origin = (typeof ORIGINS)[number];

/** Absent is what nobody says: without a role `role_id`, without a sequence all that is of it. */
export const resolvedSessionSchema = z.strictObject({
  persona_id: z.string(),
  role_id: z.string().exactOptional(),
  sequence_id: z.string().exactOptional(),
  display_name: z.string(),
  description: z.string().exactOptional(),
  personality,
  voice: z.string().exactOptional(),
  locale: z.string().exactOptional(),
  model: z.string().exactOptional(),
  role_prompt: z.string().exactOptional(),
  refinement_prompt: z.string().exactOptional(),
  /** Role prompt and current step; empty without either. */
  system_prompt: z.string(),
  ...settingsShape,
  current_step: step.exactOptional(),
  step_id: z.string().exactOptional(),
  step_index: z.int().min(0).exactOptional(),
  step_count: z.int().min(1).exactOptional(),
  step_instruction: z.string().exactOptional(),
  step_exit_criteria: z.string().exactOptional(),
  step_max_turns: z.int().min(1).exactOptional(),
  sequence_completion: z.enum(["all_steps", "explicit_close", "max_turns"]).exactOptional(),
  sequence_max_turns: z.int().min(1).exactOptional(),
  /** All of the sequence, in order. */
  steps: z.array(step).exactOptional(),
  /** Of each field that can come from more than one place. */
  provenance: z.record(z.string(), z.enum(ORIGINS)),
  /** Of the entries that it was made of. */
  versions: z.strictObject({
    persona: z.int().min(0),
    role: z.int().min(0).exactOptional(),
    sequence: z.int().min(0).exactOptional(),
  }),
});

type Frozen<Type> = Type extends object ? { readonly [Key in keyof Type]: Frozen<Type[Key]> } : Type;

export type ResolvedSession = Frozen<z.output<typeof resolvedSessionSchema>>;
