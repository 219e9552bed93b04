/** Persona, role and sequence become what a session is made of. Pure; what it costs does not depend on how many there are. */
import { PersonaError } from "../errors.ts";
import { quoteId } from "../ids.ts";
import { type Origin, type ResolveDefaults, type ResolvedSession, SETTING_NAMES } from "./resolved-session.ts";
import type { PersonaEntry, RoleEntry, SequenceEntry, SequenceStep } from "./schema.ts";
import { thinks } from "./thinking.ts";

/** As far as resolving needs a catalogue; `get` throws when there is no such entry, or when it is damaged. */
export interface ResolveLookup {
  readonly personas: { get(id: string): PersonaEntry };
  readonly roles: { get(id: string): RoleEntry };
  readonly sequences: { get(id: string): SequenceEntry };
}

/** Ids may have blanks around them; a blank one is not given. */
export interface ResolveRequest {
  readonly persona_id: string;
  /** Default: that of the persona. */
  readonly role_id?: string | undefined;
  /** Default: that of the persona; null: none. */
  readonly sequence_id?: string | null | undefined;
  /** Index of the step to begin with. Default 0. */
  readonly step?: number | undefined;
}

const NO_DEFAULTS: ResolveDefaults = {};

/**
 * Throws `persona_not_found`, `role_not_found`, `sequence_not_found`, `step_not_found`, or `entry_damaged`. The result is
 * frozen.
 */
export function resolve(
  catalogue: ResolveLookup,
  { persona_id, role_id, sequence_id, step = 0 }: ResolveRequest,
  defaults: ResolveDefaults = NO_DEFAULTS,
): ResolvedSession {
  const persona = catalogue.personas.get(persona_id.trim());
  const { default_role, default_sequence } = persona;
  const role = named(catalogue.roles, role_id, default_role, persona);
  const sequence =
    sequence_id === null ? undefined : named(catalogue.sequences, sequence_id, default_sequence, persona);

  const settings = settingsOf(role, defaults);
  const provenance: Record<string, Origin> = { ...settings.provenance };
  if (role !== undefined) provenance["role_id"] = role_id?.trim() ? "request" : "persona";
  if (sequence_id === null || sequence_id?.trim()) provenance["sequence_id"] = "request";
  else if (sequence !== undefined) provenance["sequence_id"] = "persona";
  const session: Draft = {
    persona_id: persona.id,
    display_name: persona.display_name,
    traits: persona.traits,
    style: persona.style,
    expertise_areas: persona.expertise_areas,
    ...settings.said,
  };
  const { description, voice } = persona;
  if (description !== undefined) session.description = description;
  else provenance["description"] = "default";
  if (voice !== undefined) session.voice = voice;
  else provenance["voice"] = "default";
  if (role !== undefined) session.role_id = role.id;
  // What the role says of these is among its settings.
  for (const name of SHARED) {
    if (role?.[name] !== undefined || persona[name] === undefined) continue;
    session[name] = persona[name];
    provenance[name] = "persona";
  }
  if (sequence !== undefined) {
    const { max_turns } = sequence;
    session.sequence_id = sequence.id;
    session.sequence_completion = sequence.completion;
    if (max_turns !== undefined) session.sequence_max_turns = max_turns;
    session.step_count = sequence.steps.length;
    session.steps = sequence.steps;
    for (const name of OF_SEQUENCE) if (name in session) provenance[name] = "sequence";
  }
  session.versions = Object.freeze({
    persona: persona.version,
    ...(role && { role: role.version }),
    ...(sequence && { sequence: sequence.version }),
  });
  return stepped(session, provenance, step);
}

/** The same snapshot at another step. Without a sequence there is step 0 only. Throws `step_not_found`. */
export function at(session: ResolvedSession, index: number): ResolvedSession {
  return stepped(stepless(session), { ...session.provenance }, index);
}

/** The same snapshot when its sequence is over: in no step. */
export function beyond(session: ResolvedSession): ResolvedSession {
  const rest = stepless(session);
  const provenance: Record<string, Origin> = { ...session.provenance };
  for (const name of OF_STEP) provenance[name] = "default";
  rest.system_prompt = promptOf(session.role_prompt, undefined);
  rest.provenance = Object.freeze(provenance);
  return Object.freeze(rest) as ResolvedSession;
}

function stepless(session: ResolvedSession): Draft {
  const {
    current_step: _step,
    step_id: _id,
    step_index: _index,
    step_instruction: _instruction,
    step_exit_criteria: _criteria,
    step_max_turns: _turns,
    ...rest
  } = session;
  return rest;
}

type Draft = { -readonly [Name in keyof ResolvedSession]?: ResolvedSession[Name] };

/** Completes and freezes it, and who said what. */
function stepped(session: Draft, provenance: Record<string, Origin>, index: number): ResolvedSession {
  const { steps, sequence_id, role_prompt } = session;
  if (!Number.isInteger(index) || index < 0 || index >= (steps?.length ?? 1))
    throw noStep(index, sequence_id, steps?.length);
  const step = steps?.[index];
  session.system_prompt = promptOf(role_prompt, step);
  if (step !== undefined) {
    const { id, instruction, exit_criteria, max_turns } = step;
    session.current_step = step;
    session.step_id = id;
    session.step_index = index;
    session.step_instruction = instruction;
    if (exit_criteria !== undefined) session.step_exit_criteria = exit_criteria;
    if (max_turns !== undefined) session.step_max_turns = max_turns;
    for (const name of OF_STEP) provenance[name] = name in session ? "sequence" : "default";
  }
  session.provenance = Object.freeze(provenance);
  return Object.freeze(session) as ResolvedSession;
}

/** Said by the role, else by the persona, else by the server. */
const SHARED = ["locale", "model"] as const;
const OF_ROLE = ["role_prompt", "refinement_prompt", ...SHARED, ...SETTING_NAMES] as const;
const OF_PERSONA = ["display_name", "description", "traits", "style", "expertise_areas", "voice"] as const;
const OF_SEQUENCE = ["sequence_completion", "sequence_max_turns", "step_count", "steps"] as const;
const OF_STEP = [
  "current_step",
  "step_id",
  "step_index",
  "step_instruction",
  "step_exit_criteria",
  "step_max_turns",
] as const;

/** Of one form for all, which makes copies of it quick. */
const UNSAID: Readonly<Record<string, Origin>> = {
  ...Object.fromEntries(
    ["persona_id", "role_id", "sequence_id", ...OF_PERSONA, ...OF_ROLE, ...OF_SEQUENCE, ...OF_STEP].map((name) => [
      name,
      "default" as const,
    ]),
  ),
};

interface RoleSettings {
  readonly defaults: ResolveDefaults;
  readonly said: Draft;
  readonly provenance: Readonly<Record<string, Origin>>;
}

/** Entries do not change, and many sessions have the same role: this is the larger part of resolving one. */
const KNOWN = new WeakMap<object, RoleSettings>();

/** What the role says, or else the server. */
function settingsOf(role: RoleEntry | undefined, defaults: ResolveDefaults): RoleSettings {
  const known = KNOWN.get(role ?? defaults);
  if (known?.defaults === defaults) return known;
  const said: Record<string, unknown> = {};
  const provenance: Record<string, Origin> = { ...UNSAID, persona_id: "request" };
  for (const name of OF_PERSONA) provenance[name] = "persona";
  for (const name of OF_ROLE) {
    const own = role?.[name === "role_prompt" ? "system_prompt" : name];
    const others =
      name in defaults && !contradicts(name, defaults, role) ? defaults[name as keyof ResolveDefaults] : undefined;
    provenance[name] = own !== undefined ? "role" : others !== undefined ? "server" : "default";
    if ((own ?? others) !== undefined) said[name] = own ?? others;
  }
  // Filled name by name it would be slow to copy; a copy of it is not.
  const made = { defaults, said: { ...said } as Draft, provenance };
  KNOWN.set(role ?? defaults, made);
  return made;
}

/** Whether what the server says would turn what the role says into its opposite, or into nonsense. */
function contradicts(name: string, defaults: ResolveDefaults, role: RoleEntry | undefined): boolean {
  if (role === undefined) return false;
  const { context_compression_trigger_tokens: trigger, context_compression_target_tokens: target } = role;
  switch (name) {
    case "thinking_enabled":
    case "thinking_level":
    case "thinking_budget":
      return thinks(role) === true && thinks({ [name]: defaults[name] }) === false;
    case "context_compression_trigger_tokens":
      return target !== undefined && (defaults[name] ?? Number.POSITIVE_INFINITY) <= target;
    case "context_compression_target_tokens":
      return trigger !== undefined && (defaults[name] ?? 0) >= trigger;
    default:
      return false;
  }
}

/** `[Current step: ID]` and its instruction, below what the role says. */
function promptOf(role: string | undefined, step: SequenceStep | undefined): string {
  const now = step && stepPrompt(step);
  return [role, now].filter((text) => text !== undefined).join("\n\n");
}

export const stepPrompt = ({ id, instruction }: SequenceStep): string => `[Current step: ${id}]\n${instruction}`;

/** The entry that was asked for, or else the persona's default. */
function named<Entry>(
  collection: { get(id: string): Entry },
  asked: string | undefined,
  standard: string | undefined,
  persona: PersonaEntry,
): Entry | undefined {
  const given = asked?.trim() || undefined;
  const id = given ?? standard;
  if (id === undefined) return undefined;
  try {
    return collection.get(id);
  } catch (cause) {
    if (given !== undefined || !(cause instanceof PersonaError)) throw cause;
    throw new PersonaError(cause.code, `The default of persona ${quoteId(persona.id)}: ${cause.message}`, { cause });
  }
}

function noStep(index: number, sequence: string | undefined, count: number | undefined): PersonaError {
  const where =
    count === undefined
      ? "the session has no sequence, so it must be 0"
      : `the sequence ${quoteId(sequence ?? "")} has the steps 0 to ${count - 1}`;
  return new PersonaError("step_not_found", `There is no step ${index}: ${where}`);
}
