/**
 * What personas, roles and sequences are made of: the one source of their validation, their types and their description
 * in OpenAPI. They are documents, and keep their wire names (snake_case) everywhere.
 */
import * as z from "zod";
import {
  ID_FORM,
  ID_PATTERN,
  MAPPER_ID_FORM,
  MAPPER_ID_PATTERN,
  modelNameSchema,
  textSchema,
  toolName,
} from "../inputs.ts";
import { wire } from "../wire.ts";

export const ENTRY_KINDS = ["persona", "role", "sequence"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

const SOURCES = ["builtin", "toml", "store"] as const;

const MAX_TOOLS = 128;
/** An order of magnitude beyond any model, and far from where a provider's 32 bits would wrap. */
const MAX_TOKENS = 100_000_000;
const MAX_TURNS = 1_000_000;

const described = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => {
  wire.add(schema, { description });
  return schema;
};

const id = z.string().regex(ID_PATTERN, ID_FORM);
const word = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be blank")
    .max(max)
    .refine((value) => value.isWellFormed(), "must not hold half of a surrogate pair");
const mapperId = z.string().regex(MAPPER_ID_PATTERN, MAPPER_ID_FORM);
const name = word(128);
const saying = textSchema.refine((value) => value.trim() !== "", "must not be blank");
const locale = z
  .string()
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}$/, "must be a language tag such as `en` or `de-CH`");
const share = z.number().min(0).max(1);
const milliseconds = z.int().min(0).max(60_000);
const tokens = z.int().min(0).max(MAX_TOKENS);
const turns = z.int().min(1).max(MAX_TURNS);
const pace = z.number().min(0.5).max(2);

const tools = z
  .array(toolName)
  .max(MAX_TOOLS)
  .refine((names) => new Set(names).size === names.length, "must not name a tool twice");

/** What the server sets. A body may carry it unchanged, as one does that was read, edited and is sent back. */
const serverOwned = {
  version: described(z.int().min(0), "Counts the changes of this id from 1 on; 0: as it was seeded"),
  source: described(z.enum(SOURCES), "The layer it comes from"),
  created_at: described(z.int(), "Milliseconds since 1970; 0: as it was seeded"),
  updated_at: described(z.int(), "Milliseconds since 1970; 0: as it was seeded"),
};

const serverOwnedInput = {
  version: described(serverOwned.version.exactOptional(), "The server's; may be sent unchanged"),
  source: described(serverOwned.source.exactOptional(), "The server's; may be sent unchanged"),
  created_at: described(serverOwned.created_at.exactOptional(), "The server's; may be sent unchanged"),
  updated_at: described(serverOwned.updated_at.exactOptional(), "The server's; may be sent unchanged"),
};

export const SERVER_OWNED = ["version", "source", "created_at", "updated_at"] as const;

const traits = z
  .strictObject({
    openness: share.default(0.5),
    conscientiousness: share.default(0.5),
    extraversion: share.default(0.5),
    agreeableness: share.default(0.5),
    neuroticism: share.default(0.5),
    formality: share.default(0.5),
    enthusiasm: share.default(0.5),
  })
  .prefault({});

const style = z
  .strictObject({
    verbosity: z.enum(["Concise", "Balanced", "Detailed", "Elaborate"]).default("Balanced"),
    tone: z
      .enum(["Professional", "Friendly", "Casual", "Authoritative", "Supportive", "Analytical"])
      .default("Friendly"),
    humor_level: share.default(0.5),
    technical_depth: share.default(0.5),
    empathy_level: share.default(0.5),
    proactivity: share.default(0.5),
  })
  .prefault({});

const voiceId = word(256);

const voiceModel = z.strictObject({
  voice_id: voiceId.exactOptional(),
  speed: pace.exactOptional(),
  pitch: pace.exactOptional(),
  custom_model_path: word(1_024).exactOptional(),
  training_status: z.enum(["not_started", "pending", "processing", "completed", "failed"]).exactOptional(),
});

const conversationExample = z.strictObject({
  user_message: saying,
  persona_response: saying,
  context: textSchema.exactOptional(),
  quality_score: share.default(1),
});

const metadata = z
  .record(z.string(), textSchema)
  .refine((entries) => Object.keys(entries).length <= 64, { error: "must have at most 64 entries", when: isObject })
  .superRefine(
    (entries, { addIssue }) => {
      for (const key of Object.keys(entries)) {
        if (key.trim() !== "" && key.length <= 128 && key.isWellFormed()) continue;
        addIssue({ code: "custom", path: [key], message: "must have a name of 1 to 128 characters, not blank" });
      }
    },
    { when: isObject },
  );

const personaFields = {
  id: described(id, "Unique among personas of the tenant"),
  display_name: described(name, "Stored without blanks around it"),
  description: described(textSchema.exactOptional(), "What it is for, in a sentence or two"),
  owner: described(word(256).exactOptional(), "The user whose persona it is; absent: the catalogue's"),
  voice_model: described(voiceModel.exactOptional(), "How it sounds"),
  locale: described(locale.exactOptional(), "Language tag"),
  model: described(modelNameSchema.exactOptional(), "`provider:model`, unless the role says another"),
  default_role: described(id.exactOptional(), "The role it has unless a session names another; must exist"),
  default_sequence: described(
    id.exactOptional(),
    "The sequence that a session follows unless it says otherwise; must exist",
  ),
  mapper_id: described(
    mapperId.exactOptional(),
    "The mapper whose suggestions about the person it is told in its turns",
  ),
  tags: described(z.array(word(128)).max(64).default([]), "To find it by"),
  metadata: described(metadata.default({}), "Whatever else belongs to it; kept and shown, not read"),
  traits: described(traits, "0 to 1; 0.5 where nothing is said"),
  style: described(style, "How it answers"),
  expertise_areas: described(z.array(word(64)).max(32).default([]), "What it knows best"),
  conversation_examples: described(z.array(conversationExample).max(100).default([]), "The newest last"),
  is_active: described(z.boolean().exactOptional(), "Of an owned persona: whether it is its owner's current one"),
};

export const personaSchema = z
  .strictObject({
    ...personaFields,
    voice: described(voiceId.exactOptional(), "Another name for `voice_model.voice_id`"),
    ...serverOwnedInput,
  })
  .refine(({ voice, voice_model }) => [undefined, voice].includes(voice_model?.voice_id) || voice === undefined, {
    path: ["voice"],
    error: "must be the same as `voice_model.voice_id`, or be left out",
    when: isObject,
  })
  .register(wire, { id: "PersonaBody" });

const level = z.enum(["low", "medium", "high"]);

const roleFields = {
  id: described(id, "Unique among roles of the tenant"),
  display_name: described(name, "Stored without blanks around it"),
  system_prompt: described(saying, "What the persona is told to do in this role"),
  refinement_prompt: described(textSchema.exactOptional(), "Further wishes, ranked below the system prompt"),
  locale: described(locale.exactOptional(), "Language tag; wins over the persona's"),
  model: described(modelNameSchema.exactOptional(), "`provider:model`; wins over the persona's"),
  vocabulary_hint: described(textSchema.exactOptional(), "Words and proper nouns that are likely to come up"),
  tool_allowlist: described(
    tools.exactOptional(),
    "The tools it may be offered; absent: all that the persona may call",
  ),
  temperature: described(z.number().min(0).max(2).exactOptional(), "How freely the model chooses its words"),
  thinking_enabled: described(z.boolean().exactOptional(), "Whether the model thinks before it answers"),
  thinking_level: described(z.enum(["off", "low", "medium", "high"]).exactOptional(), "How much it thinks"),
  include_thoughts: described(z.boolean().exactOptional(), "Whether its thoughts are asked for, too"),
  thinking_budget: described(tokens.exactOptional(), "Tokens that thinking may take"),
  automatic_activity_detection: described(
    z.boolean().exactOptional(),
    "Whether the provider finds out who speaks; absent: what the server says",
  ),
  vad_start_sensitivity: described(level.exactOptional(), "How readily speech is taken to begin"),
  vad_end_sensitivity: described(level.exactOptional(), "How readily speech is taken to be over"),
  vad_prefix_padding_ms: described(milliseconds.exactOptional(), "Speech before it counts as begun"),
  vad_silence_duration_ms: described(milliseconds.exactOptional(), "Silence before speech counts as over"),
  activity_handling: described(
    z.enum(["start_of_activity_interrupts", "no_interrupt"]).exactOptional(),
    "Whether somebody who speaks interrupts the answer",
  ),
  turn_coverage: described(
    z.enum(["turn_includes_only_activity", "turn_includes_all_input", "turn_includes_audio_activity"]).exactOptional(),
    "What of the input belongs to a turn",
  ),
  context_compression_enabled: described(z.boolean().exactOptional(), "Whether a long context is compressed"),
  context_compression_trigger_tokens: described(tokens.exactOptional(), "From so many tokens on"),
  context_compression_target_tokens: described(tokens.exactOptional(), "To so many, fewer than the trigger"),
  enable_affective_dialog: described(z.boolean().exactOptional(), "Whether the voice heeds the speaker's mood"),
};

export const roleSchema = z
  .strictObject({ ...roleFields, ...serverOwnedInput })
  .refine(
    ({ context_compression_trigger_tokens: trigger, context_compression_target_tokens: target }) =>
      typeof trigger !== "number" || typeof target !== "number" || target < trigger,
    {
      path: ["context_compression_target_tokens"],
      error: "must be less than `context_compression_trigger_tokens`",
      when: isObject,
    },
  )
  .register(wire, { id: "RoleBody" });

const step = z.strictObject({
  id: described(id, "Unique within the sequence"),
  instruction: described(saying, "What the persona is told to do in this step"),
  exit_criteria: described(saying.exactOptional(), "When the step is done, in words that a model can judge by"),
  require_tools: described(tools.default([]), "Tools that must have been called before the step is complete"),
  max_turns: described(turns.exactOptional(), "After so many turns the next step comes"),
});

const sequenceFields = {
  id: described(id, "Unique among sequences of the tenant"),
  display_name: described(name, "Stored without blanks around it"),
  description: described(textSchema.exactOptional(), "What it leads to"),
  completion: described(
    z.enum(["all_steps", "explicit_close", "max_turns"]).default("all_steps"),
    "What ends it: its last step, somebody who closes it, or its turn bound",
  ),
  max_turns: described(turns.exactOptional(), "Turn bound of the whole; needed when `completion` is `max_turns`"),
  steps: described(z.array(step).min(1, "must have at least one step").max(100), "In their order"),
};

export const sequenceSchema = z
  .strictObject({ ...sequenceFields, ...serverOwnedInput })
  .refine(({ completion, max_turns }) => completion !== "max_turns" || max_turns !== undefined, {
    path: ["max_turns"],
    error: "must be given when `completion` is `max_turns`",
    when: isObject,
  })
  .superRefine(
    ({ steps }, { addIssue }) => {
      if (!Array.isArray(steps)) return;
      const first = new Map<string, number>();
      for (const [index, step] of steps.entries()) {
        if (typeof step?.id !== "string") continue;
        const before = first.get(step.id);
        if (before === undefined) first.set(step.id, index);
        else addIssue({ code: "custom", path: ["steps", index, "id"], message: `is the id of steps[${before}] too` });
      }
    },
    { when: isObject },
  )
  .register(wire, { id: "SequenceBody" });

/** Rules between fields are asked also when a field is broken, so that one answer names everything. */
function isObject({ value }: { readonly value: unknown }): boolean {
  return typeof value === "object" && value !== null;
}

/** As they are shown: complete, with what the server sets. */
export const personaEntrySchema = z
  .object({
    ...personaFields,
    voice: described(voiceId.exactOptional(), "The same as `voice_model.voice_id`"),
    ...serverOwned,
  })
  .register(wire, { id: "Persona" });

export const roleEntrySchema = z.object({ ...roleFields, ...serverOwned }).register(wire, { id: "Role" });

export const sequenceEntrySchema = z.object({ ...sequenceFields, ...serverOwned }).register(wire, { id: "Sequence" });

export type Frozen<Type> = Type extends object ? { readonly [Key in keyof Type]: Frozen<Type[Key]> } : Type;

/** What may be written. */
export type PersonaInput = z.input<typeof personaSchema>;
export type RoleInput = z.input<typeof roleSchema>;
export type SequenceInput = z.input<typeof sequenceSchema>;

/** What is read: complete and frozen. */
export type PersonaEntry = Frozen<z.output<typeof personaEntrySchema>>;
export type RoleEntry = Frozen<z.output<typeof roleEntrySchema>>;
export type SequenceEntry = Frozen<z.output<typeof sequenceEntrySchema>>;
export type SequenceStep = SequenceEntry["steps"][number];

export interface EntryOf {
  readonly persona: PersonaEntry;
  readonly role: RoleEntry;
  readonly sequence: SequenceEntry;
}

export type EntrySource = (typeof SOURCES)[number];
