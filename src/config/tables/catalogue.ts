/** The keys of the catalogue: where its entries come from, and what holds where no role says anything. */
import * as z from "zod";
import { type ResolveDefaults, resolveDefaultsSchema } from "../../catalogue/resolved-session.ts";
import { modelNameSchema } from "../../inputs.ts";
import { about } from "../about.ts";
import { notBlank } from "./texts.ts";

/** What the server can say in place of a role, with an example. A model is named by `models.default`. */
const DEFAULTS = {
  locale: ["Language tag of personas that have none", "en"],
  vocabulary_hint: ["Words and names that are likely to come up", "persona, fleet, inbox"],
  tool_allowlist: ["Tools that may be offered", ["lookup"]],
  temperature: ["How freely models choose their words", 0.7],
  thinking_enabled: ["Whether models think before they answer", true],
  thinking_level: ["How much they think", "low"],
  include_thoughts: ["Whether their thoughts are asked for, too", false],
  thinking_budget: ["Tokens that thinking may take", 1_024],
  automatic_activity_detection: ["Whether the provider finds out when somebody speaks", true],
  vad_start_sensitivity: ["How readily speech is taken to begin", "high"],
  vad_end_sensitivity: ["How readily speech is taken to be over", "low"],
  vad_prefix_padding_ms: ["Speech before it counts as begun", 20],
  vad_silence_duration_ms: ["Silence before speech counts as over", 500],
  activity_handling: ["Whether somebody who speaks interrupts the answer", "start_of_activity_interrupts"],
  turn_coverage: ["What of the input belongs to a turn", "turn_includes_only_activity"],
  context_compression_enabled: ["Whether a long context is compressed", true],
  context_compression_trigger_tokens: ["From so many tokens on", 24_000],
  context_compression_target_tokens: ["To so many, fewer than the trigger", 16_000],
  enable_affective_dialog: ["Whether the voice heeds the mood of who speaks", false],
} as const satisfies { readonly [Name in Exclude<keyof ResolveDefaults, "model">]: readonly [string, unknown] };

/** A default that is given is one that says something. */
const checked = (name: keyof typeof DEFAULTS): z.ZodType => {
  const { shape } = resolveDefaultsSchema;
  if (name !== "vocabulary_hint") return shape[name];
  return shape.vocabulary_hint.unwrap().trim().min(1, "must not be blank").exactOptional();
};

const defaults = Object.fromEntries(
  Object.entries(DEFAULTS).map(([name, [description, example]]) => [
    name,
    checked(name as keyof typeof DEFAULTS)
      .clone()
      .register(about, { description, example }),
  ]),
);

export const catalogueTable = z
  .strictObject({
    seeds: notBlank().optional().register(about, {
      description:
        "Personas, roles and sequences to start from, as TOML or JSON; [deleted] in it names built-in ones that it takes away. What is changed later is kept in the database",
      flag: "--seeds FILE",
      path: true,
      example: "seeds.toml",
    }),
    built_in: z.boolean().default(true).register(about, { description: "Whether the built-in cast is there" }),
    writes: z
      .boolean()
      .default(true)
      .register(about, { description: "Whether administrators may change the catalogue" }),
    judge: modelNameSchema.clone().exactOptional().register(about, {
      description: "Judges whether the exit criteria of a step are met, as provider:model; without it nobody does",
      example: "example:small",
    }),
    defaults: z
      .strictObject(
        defaults as { readonly [Name in keyof typeof DEFAULTS]: (typeof resolveDefaultsSchema.shape)[Name] },
      )
      .refine(
        ({ context_compression_trigger_tokens: trigger, context_compression_target_tokens: target }) =>
          trigger === undefined || target === undefined || target < trigger,
        {
          path: ["context_compression_target_tokens"],
          error: "must be less than context_compression_trigger_tokens",
        },
      )
      .prefault({}),
  })
  .prefault({});
