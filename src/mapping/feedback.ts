/** Feedback as it comes in. It is written once, with the task to apply it. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { invalidInput, parse } from "../faults.ts";
import { decodeId, quoteId } from "../ids.ts";
import type { FeedbackRow } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { wire } from "../wire.ts";
import { boundedObject, isTable } from "./bounded-json.ts";
import { jsonFingerprint } from "./json-fingerprint.ts";
import { teachableOf } from "./learning/document.ts";
import { dayAround } from "./local-time.ts";
import { clientId, personId } from "./observation.ts";
import type { Agents } from "./types.ts";

const described = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => {
  wire.add(schema, { description });
  return schema;
};

const name = z.string().min(1).max(256);
const opinion = {
  helpful: described(z.boolean().exactOptional(), "Default: what the rating says; 4 and 5 helpful, 1 and 2 not"),
  rating: described(z.int().min(1).max(5).exactOptional(), "1 to 5"),
};

export const feedbackSchema = z
  .strictObject({
    id: described(
      clientId.exactOptional(),
      "The client's choice, unique for the person; sent again, it is the same feedback. Default: one is made, and each time it is another",
    ),
    person_id: described(personId.exactOptional(), "Default: the caller, or whose the suggestion or core is"),
    suggestion_id: described(name.exactOptional(), "On a suggestion, by its id"),
    core_id: described(name.exactOptional(), "On a persona core, by its id; with a `rule_id`, on that rule"),
    mapper_id: described(name.exactOptional(), "On a type of suggestions of this mapper"),
    suggestion_type: described(name.exactOptional(), "With `mapper_id`: one of its `trait_mappings`"),
    rule_id: described(name.exactOptional(), "With `core_id`: one of the mapper's rules"),
    ...opinion,
    context: described(
      boundedObject({ bytes: 16_384, depth: 8, fields: 256 }).prefault({}),
      "What stood around it; kept, not read",
    ),
  })
  .superRefine(
    (feedback, { addIssue }) => {
      const fault = (path: string, message: string) => addIssue({ code: "custom", path: [path], message });
      const { suggestion_id, core_id, mapper_id, suggestion_type, rule_id, helpful, rating } = feedback;
      const targets = [suggestion_id, core_id, mapper_id].filter((target) => target !== undefined).length;
      if (targets !== 1)
        fault("suggestion_id", "name what it is on: this, a `core_id`, or a `mapper_id`, and only one");
      if (mapper_id !== undefined && suggestion_type === undefined)
        fault("suggestion_type", "must stand by a `mapper_id`");
      if (mapper_id === undefined && suggestion_type !== undefined) fault("suggestion_type", "goes with a `mapper_id`");
      if (core_id === undefined && rule_id !== undefined) fault("rule_id", "goes with a `core_id`");
      if (helpful === undefined && rating === undefined) fault("helpful", "say this, or give a `rating`");
    },
    { when: ({ value }) => isTable(value) },
  )
  .register(wire, { id: "FeedbackBody" });

export const feedbackViewSchema = z
  .object({
    id: z.string(),
    person_id: z.string(),
    mapper_id: z.string(),
    mapper_version: z.int(),
    rule_id: z.string().optional(),
    suggestion_type: z.string().optional(),
    helpful: z.boolean().optional().register(wire, { description: "Absent: neither" }),
    rating: z.int().optional(),
    context: z.record(z.string(), z.unknown()),
    created_at: z.int().register(wire, { description: "Milliseconds since 1970" }),
    applied_at: z
      .int()
      .optional()
      .register(wire, { description: "When what follows from it was written; absent: not yet" }),
  })
  .register(wire, { id: "Feedback" });

export type FeedbackInput = z.input<typeof feedbackSchema>;
export type Feedback = Readonly<z.output<typeof feedbackViewSchema>>;
type Checked = z.output<typeof feedbackSchema>;

export interface FeedbacksOptions {
  readonly store: Pick<Store, "mapping" | "allocate" | "salt">;
  readonly clock: Clock;
  readonly agents: Pick<Agents, "enqueue">;
  /** Where a person is: whose midnight ends the day. */
  readonly zoneOf: (tenant: string, person: string) => Promise<string>;
  /** Of one person on one calendar day. Default 10. */
  readonly perDay?: number | undefined;
}

/** Whom somebody may speak for. */
export interface Speaker {
  /** Whose feedback it is, unless it says so. */
  readonly person?: string | undefined;
  /** Only for this person; what is another's does not exist. */
  readonly only?: string | undefined;
}

/** What the feedback is on. */
type Target = Pick<FeedbackRow, "mapper" | "mapperVersion" | "rule" | "type" | "suggestion" | "core"> & {
  /** Whose it is; undefined: anybody's. */
  readonly person: string | undefined;
};

export class Feedbacks {
  readonly #options: FeedbacksOptions;

  constructor(options: FeedbacksOptions) {
    this.#options = options;
  }

  /**
   * Takes feedback, once for each id; `repeated` says that it was there. Rejects with `invalid_input`,
   * `suggestion_not_found`, `core_not_found`, `mapper_not_found`, `feedback_conflict`, and `feedback_limit`, which says
   * when the person's next day begins.
   */
  async record(
    tenant: string,
    input: unknown,
    { person, only }: Speaker,
  ): Promise<{ readonly feedback: Feedback; readonly repeated: boolean }> {
    const { store, clock, agents, zoneOf, perDay = 10 } = this.#options;
    const checked = parse(feedbackSchema, input, "feedback");
    const { person: owner, ...target } = await this.#target(tenant, checked, only);
    const of = checked.person_id ?? owner ?? person;
    if (of === undefined) throw invalidInput("feedback", [{ field: "person_id", message: "must be given" }]);
    // Feedback on what was suggested to somebody else is on nothing.
    if (owner !== undefined && of !== owner) throw missingTarget(checked);
    const now = clock.now();
    const { from: since, to: until } = dayAround(now, await zoneOf(tenant, of));
    const key = store.allocate("mapping");
    const { id = madeId(key), person_id: _, context, helpful = helpfulBy(checked.rating), rating } = checked;
    const row: FeedbackRow = {
      ...{ key, tenant, person: of, id, ...target },
      helpful: helpful === undefined ? null : helpful ? 1 : 0,
      ...{ rating: rating ?? null, context: JSON.stringify(context), createdAt: now, appliedAt: null },
      fingerprint: jsonFingerprint({ ...checked, id, person_id: of }),
    };
    const quota = { since, until, limit: perDay };
    const result = await agents.enqueue(tenant, "adjuster", row.mapper, { feedback: { row, quota } });
    if (result.status === "over_quota") throw limit(perDay, until - now);
    if (result.status === "along_conflict") {
      const message = `Feedback ${JSON.stringify(id)} was sent before, and said something else. Choose another id.`;
      throw new PersonaError("feedback_conflict", message);
    }
    const repeated = result.status === "repeated" || result.repeated.length > 0;
    const stored = repeated ? await store.mapping.feedback(tenant, of, id) : row;
    return { feedback: feedbackOf(stored ?? row), repeated };
  }

  async #target(tenant: string, checked: Checked, only: string | undefined): Promise<Target> {
    const { store } = this.#options;
    const { suggestion_id, core_id, mapper_id = "", suggestion_type = "" } = checked;
    const isForeign = (row: { readonly tenant: string; readonly person: string }) =>
      row.tenant !== tenant || (only !== undefined && row.person !== only);
    if (suggestion_id !== undefined) {
      const key = keyOf(suggestion_id, "suggestion", store.salt);
      const found = key === undefined ? undefined : await store.mapping.suggestion(key);
      if (found === undefined || isForeign(found)) throw missingTarget(checked);
      const { person, mapper, mapperVersion, rule, type } = found;
      return { person, mapper, mapperVersion, rule, type, suggestion: found.key, core: null };
    }
    if (core_id !== undefined) {
      const key = keyOf(core_id, "core", store.salt);
      const found = key === undefined ? undefined : await store.mapping.coreOf(key);
      if (found === undefined || isForeign(found)) throw missingTarget(checked);
      const { person, mapper, mapperVersion } = found;
      const rule = await this.#ruleOf(tenant, mapper, mapperVersion, checked.rule_id);
      return { person, mapper, mapperVersion, rule, type: null, suggestion: null, core: found.key };
    }
    const mapper =
      (await store.mapping.activeMapper(tenant, mapper_id)) ?? (await store.mapping.newestMapper(tenant, mapper_id));
    if (mapper === undefined) throw missingTarget(checked);
    const types = Object.keys(teachableOf(mapper.document).mappings);
    if (!types.includes(suggestion_type)) {
      const message = `must be one of the types in the mapper's trait_mappings: ${types.join(", ") || "it has none"}`;
      throw invalidInput("feedback", [{ field: "suggestion_type", message }]);
    }
    const { id, version: mapperVersion } = mapper;
    const nothing = { rule: null, suggestion: null, core: null };
    return { person: undefined, mapper: id, mapperVersion, type: suggestion_type, ...nothing };
  }

  async #ruleOf(tenant: string, id: string, version: number, rule: string | undefined): Promise<string | null> {
    if (rule === undefined) return null;
    const mapper = await this.#options.store.mapping.mapper(tenant, id, version);
    if (mapper !== undefined && Object.hasOwn(teachableOf(mapper.document).authored, rule)) return rule;
    const message = `must be the id of a rule of version ${version} of the mapper "${id}"`;
    throw invalidInput("feedback", [{ field: "rule_id", message }]);
  }
}

/** As unique as the key. */
const madeId = (key: number) => `made-${key.toString(36)}`;

/** In the middle it is neither. */
function helpfulBy(rating: number | undefined): boolean | undefined {
  if (rating === undefined || rating === 3) return undefined;
  return rating > 3;
}

function keyOf(id: string, kind: "suggestion" | "core", salt: number): number | undefined {
  const decoded = decodeId(id, salt);
  return decoded?.kind === kind ? decoded.key : undefined;
}

function missingTarget({ suggestion_id, core_id, mapper_id }: Checked): PersonaError {
  if (suggestion_id !== undefined) {
    return new PersonaError("suggestion_not_found", `There is no suggestion ${quoteId(suggestion_id)}.`);
  }
  if (core_id !== undefined) return new PersonaError("core_not_found", `There is no persona core ${quoteId(core_id)}.`);
  return new PersonaError("mapper_not_found", `There is no mapper ${quoteId(mapper_id)}.`);
}

function limit(perDay: number, retryAfterMs: number): PersonaError {
  const message = `A person gives feedback ${perDay} times a day at most; their next day begins in ${Math.ceil(retryAfterMs / 60_000)} minutes.`;
  return new PersonaError("feedback_limit", message, { retryAfterMs });
}

function feedbackOf(row: FeedbackRow): Feedback {
  return {
    ...{ id: row.id, person_id: row.person, mapper_id: row.mapper, mapper_version: row.mapperVersion },
    ...(row.rule === null ? {} : { rule_id: row.rule }),
    ...(row.type === null ? {} : { suggestion_type: row.type }),
    ...(row.helpful === null ? {} : { helpful: row.helpful === 1 }),
    ...(row.rating === null ? {} : { rating: row.rating }),
    ...{ context: JSON.parse(row.context), created_at: row.createdAt },
    ...(row.appliedAt === null ? {} : { applied_at: row.appliedAt }),
  };
}
