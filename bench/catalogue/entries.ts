/** Entries of a size as people write them, by number, and what is known of them without looking. */
import type { PersonaInput, RoleInput, SequenceInput } from "../../src/catalogue/schema.ts";

const name = (kind: string, at: number) => `${kind}-${String(at).padStart(6, "0")}`;

/** A role and a sequence for ten personas. */
const shared = (at: number) => Math.floor(at / 10);

export function personaAt(at: number): PersonaInput {
  return {
    id: name("persona", at),
    display_name: `Persona ${at}`,
    description:
      "Answers questions about orders, deliveries and returns, and hands over what it cannot settle. ".repeat(3),
    default_role: name("role", shared(at)),
    default_sequence: name("sequence", shared(at)),
    voice_model: { voice_id: "kore", speed: 1.1 },
    locale: "en",
    tags: ["orders", "returns"],
    metadata: { team: `team-${at % 7}` },
    traits: { openness: (at % 10) / 10, formality: 0.7 },
    expertise_areas: ["logistics", "returns"],
  };
}

export function roleAt(at: number): RoleInput {
  return {
    id: name("role", at),
    display_name: `Role ${at}`,
    system_prompt: `You are on desk ${at}. ${"Say back what you have understood before you ask for more. ".repeat(10)}`,
    temperature: 0.3,
    tool_allowlist: ["look_up_order", "file_ticket"],
  };
}

export function sequenceAt(at: number): SequenceInput {
  return {
    id: name("sequence", at),
    display_name: `Sequence ${at}`,
    completion: "all_steps",
    steps: ["identify", "triage", "resolve"].map((id) => ({
      id,
      instruction: `Step ${id} of ${at}: find out what is needed, and no more than that.`,
      exit_criteria: "It is clear what happens next.",
    })),
  };
}

/** Everything that so many personas need. */
export function entriesFor(personas: number) {
  const groups = shared(personas - 1) + 1;
  return {
    personas: Array.from({ length: personas }, (_, at) => personaAt(at)),
    roles: Array.from({ length: groups }, (_, at) => roleAt(at)),
    sequences: Array.from({ length: groups }, (_, at) => sequenceAt(at)),
  };
}

/** Throws unless this is what persona `at` is resolved to. */
export function assertResolved(
  at: number,
  resolved: { readonly persona_id: string; readonly system_prompt?: string | undefined },
): void {
  const { persona_id, system_prompt = "" } = resolved;
  const desk = `You are on desk ${shared(at)}. `;
  const step = `[Current step: identify]\nStep identify of ${shared(at)}:`;
  if (persona_id === name("persona", at) && system_prompt.startsWith(desk) && system_prompt.includes(step)) return;
  throw new Error(`persona ${at} was resolved to ${persona_id}: ${system_prompt}`);
}

/** The same numbers below `count` in every run, in no order. */
export function* numbers(count: number): Generator<number, never> {
  for (let seed = 12_345; ; ) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    yield Math.floor((seed / 2 ** 32) * count);
  }
}
