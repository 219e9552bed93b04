/**
 * The rule engine: mapper documents, compiled once, and persons who are resident beside them. What decides is native
 * (`crates/persona-rules`); this file converts. Time is an argument.
 */
import { type Addon, loadAddon } from "../addon.ts";
import { type FieldFault, PersonaError } from "../errors.ts";
import { AnswerReader, type RuleSheet } from "./engine/answer.ts";
import { invalid, jsonOf, Packer, restOf } from "./engine/ask.ts";
import type {
  Ask,
  CheckSheet,
  Explanation,
  MapperLimits,
  NarrativeQuery,
  Outcome,
  PersonState,
  Suggestions,
} from "./engine/types.ts";

export type * from "./engine/types.ts";

const LIMITS: Required<MapperLimits> = { bytes: 2 ** 20, rules: 20_000 };
const NONE = new Float64Array(0);
const DEFAULT_LIMIT = 5;

/** What `rulesAbout` tells. */
interface About {
  readonly id: string;
  readonly rules: readonly string[];
  readonly traits: readonly string[];
  readonly keys: readonly string[];
  readonly required: readonly string[];
  readonly queries: readonly NarrativeQuery[];
  readonly fields: readonly string[];
  readonly words: readonly string[];
}

/**
 * Compiles a document, given as JSON. Throws `invalid_mapper` with every fault of it: `field` is a JSON pointer, empty
 * for the document, `code` says what kind it is.
 */
export function compileMapper(document: string, limits: MapperLimits = {}): CompiledMapper {
  const { bytes, rules } = { ...LIMITS, ...limits };
  const compiled = guarded(() => loadAddon().rulesCompile(document, bytes, rules));
  if (typeof compiled !== "string") return new CompiledMapper(compiled);
  const fields = JSON.parse(compiled) as FieldFault[];
  const { field, message } = fields[0] as FieldFault;
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : "";
  throw new PersonaError("invalid_mapper", `${field === "" ? "/" : field}: ${message}${more}`, { fields });
}

type MapperHandle = Exclude<ReturnType<Addon["rulesCompile"]>, string>;
type Handle = ReturnType<Addon["rulesPerson"]>;

/** One version of a document; but for its weights it never changes. The garbage collector frees it. */
export class CompiledMapper {
  readonly id: string;
  /** In document order. */
  readonly ruleIds: readonly string[];
  /** The paths that any condition or parameter reads. */
  readonly traits: readonly string[];
  readonly requiredTraits: readonly string[];
  readonly queries: readonly NarrativeQuery[];
  readonly #addon = loadAddon();
  readonly #handle: MapperHandle;
  readonly #kit: Kit;

  constructor(handle: MapperHandle) {
    const about = JSON.parse(this.#addon.rulesAbout(handle)) as About;
    this.id = about.id;
    this.ruleIds = about.rules;
    this.traits = about.traits;
    this.requiredTraits = about.required;
    this.queries = about.queries;
    this.#handle = handle;
    this.#kit = new Kit(this.#addon, handle, about);
  }

  /** The paths that the conditions of a rule read, in document order. */
  conditionTraits(rule: string): readonly string[] {
    return this.#kit.sheet(this.#kit.rule(rule)).traits;
  }

  /** The shared weight of a rule. */
  weight(rule: string): number {
    return this.#addon.rulesWeight(this.#handle, this.#kit.rule(rule));
  }

  /** Changes shared weights, all of these or, if one is not a finite number from 0, none (`invalid_input`). */
  setWeights(weights: Readonly<Record<string, number>>): void {
    const pairs = this.#kit.pairs(weights, "weights");
    guarded(() => this.#addon.rulesSetWeights(this.#handle, pairs));
  }

  /** Somebody who stays beside this document; throws `invalid_input` for a zone, score or factor that is none. */
  person(state: PersonState = {}): ResidentPerson {
    const [zone, traits, scores, factors] = this.#kit.state(state);
    const handle = guarded(() => this.#addon.rulesPerson(this.#handle, zone, traits, scores, factors));
    return new ResidentPerson(this.#kit, handle);
  }

  /** For somebody who is not resident, in one native call. */
  suggest(state: PersonState, ask: Ask): Suggestions {
    const [zone, traits, scores, factors] = this.#kit.state(state);
    return this.#kit.suggest(ask, (now, numbers, rest, limit, out) =>
      this.#addon.rulesSuggestOnce(this.#handle, zone, traits, scores, factors, now, numbers, rest, limit, out),
    );
  }

  /** All that was looked at for these rules, or for all. */
  explain(state: PersonState, ask: Ask, rules?: readonly string[]): readonly Explanation[] {
    const person = this.person(state);
    try {
      return person.explain(ask, rules);
    } finally {
      person.free();
    }
  }

  /** Many persons, who are asked 64 at a time. */
  crowd(): Crowd {
    return new Crowd(this.#kit, this.#addon.rulesCrowd(this.#handle));
  }
}

/** One person beside a compiled mapper. What is learned is kept with the outcome of every check that hangs on it. */
export class ResidentPerson {
  readonly #place: Place;

  constructor(kit: Kit, handle: Handle) {
    this.#place = new Place(kit, handle, 0);
  }

  /** Name of the IANA database; throws `invalid_input` for another. */
  setZone(zone: string): void {
    this.#place.setZone(zone);
  }

  /** Learns a JSON value, or forgets it if it is undefined. What the document never reads is not kept. */
  setTrait(path: string, value: unknown): void {
    this.#place.setTrait(path, value);
  }

  /** Learns several, in one native call: JSON values by path, or the JSON text of that. Others stay as they are. */
  setTraits(traits: Readonly<Record<string, unknown>> | string): void {
    this.#place.setTraits(traits);
  }

  /** The best score of a narrative query, by its place among `queries`; undefined for none. */
  setScore(query: number, score: number | undefined): void {
    this.#place.setScore(query, score);
  }

  /** What shared weights are multiplied by, by rule. */
  setFactors(factors: Readonly<Record<string, number>>): void {
    this.#place.setFactors(factors);
  }

  /** The ids of the rules that fire, in document order. */
  fires(ask: Ask): readonly string[] {
    return this.#place.fires(ask);
  }

  /** The same as places among `ruleIds`. */
  firing(ask: Ask): Uint32Array {
    return this.#place.firing(ask);
  }

  suggest(ask: Ask): Suggestions {
    return this.#place.suggest(ask);
  }

  /** All that was looked at for these rules, or for all. */
  explain(ask: Ask, rules?: readonly string[]): readonly Explanation[] {
    return this.#place.explain(ask, rules);
  }

  /** Gives the memory back before the garbage collector does; every later call throws `invalid_input`. */
  free(): void {
    this.#place.free();
  }
}

/** Many persons beside one compiled mapper, each with a number that is given again when they have left. */
export class Crowd {
  readonly #kit: Kit;
  readonly #handle: Handle;
  readonly #members = new Map<number, Place>();

  constructor(kit: Kit, handle: Handle) {
    this.#kit = kit;
    this.#handle = handle;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Gives the number of who was added. */
  add(state: PersonState = {}): number {
    const number = guarded(() => this.#kit.addon.rulesJoin(this.#handle));
    const place = new Place(this.#kit, this.#handle, number);
    this.#members.set(number, place);
    try {
      place.learn(state);
    } catch (error) {
      this.remove(number);
      throw error;
    }
    return number;
  }

  remove(person: number): void {
    this.member(person);
    guarded(() => this.#kit.addon.rulesLeave(this.#handle, person));
    this.#members.delete(person);
  }

  /** One of them, to learn something of or to ask; throws `invalid_input` if the number is nobody's. */
  member(person: number): CrowdMember {
    const place = this.#members.get(person);
    if (place === undefined) throw invalid("person", "must be the number of somebody in this crowd");
    return place;
  }

  /**
   * Whom each rule fires for, all asked in the same context and at the same moment: index of the rule (its place among
   * `ruleIds`), number of the person, index of the rule, … by rule, then by person.
   */
  matches(ask: Omit<Ask, "limit">): Uint32Array {
    return this.#kit.ask(ask, (now, numbers, rest) => this.#kit.addon.rulesMatches(this.#handle, now, numbers, rest));
  }

  /** Gives the memory back before the garbage collector does. */
  free(): void {
    this.#members.clear();
    this.#kit.addon.rulesFree(this.#handle);
  }
}

export type CrowdMember = Omit<ResidentPerson, "free">;

/** A person at a handle: the only one, or one of a crowd. */
class Place implements CrowdMember {
  readonly #kit: Kit;
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #number: number;

  constructor(kit: Kit, handle: Handle, number: number) {
    this.#kit = kit;
    this.#addon = kit.addon;
    this.#handle = handle;
    this.#number = number;
  }

  learn({ zone, traits, scores, factors }: PersonState): void {
    if (zone !== undefined) this.setZone(zone);
    if (traits !== undefined) this.setTraits(traits);
    scores?.forEach((score, query) => {
      this.setScore(query, score);
    });
    if (factors !== undefined) this.setFactors(factors);
  }

  setZone(zone: string): void {
    guarded(() => this.#addon.rulesZone(this.#handle, this.#number, zone));
  }

  setTrait(path: string, value: unknown): void {
    const key = this.#kit.keys.get(path);
    if (key === undefined) return;
    const { packer } = this.#kit;
    const kind = packer.kindOf(value, path);
    try {
      if (typeof value === "number") this.#addon.rulesSetNumber(this.#handle, this.#number, key, value);
      else {
        const rest = restOf(kind, value, path);
        this.#addon.rulesSet(this.#handle, this.#number, key, kind, packer.payloadOf(kind, value), rest);
      }
    } catch (error) {
      throw asPersonaError(error);
    }
  }

  setTraits(traits: Readonly<Record<string, unknown>> | string): void {
    const json = typeof traits === "string" ? traits : jsonOf(traits, "traits");
    guarded(() => this.#addon.rulesSetAll(this.#handle, this.#number, json));
  }

  setScore(query: number, score: number | undefined): void {
    if (score !== undefined && !Number.isFinite(score)) throw invalid("score", "must be a finite number");
    guarded(() => this.#addon.rulesScore(this.#handle, this.#number, query, score ?? Number.NaN));
  }

  setFactors(factors: Readonly<Record<string, number>>): void {
    const pairs = this.#kit.pairs(factors, "factors");
    guarded(() => this.#addon.rulesFactors(this.#handle, this.#number, pairs));
  }

  fires(ask: Ask): readonly string[] {
    return Array.from(this.firing(ask), (rule) => this.#kit.ruleIds[rule] as string);
  }

  firing(ask: Ask): Uint32Array {
    return this.#kit.ask(ask, (now, numbers, rest) =>
      this.#addon.rulesFires(this.#handle, this.#number, now, numbers, rest),
    );
  }

  suggest(ask: Ask): Suggestions {
    return this.#kit.suggest(ask, (now, numbers, rest, limit, out) =>
      this.#addon.rulesSuggest(this.#handle, this.#number, now, numbers, rest, limit, out),
    );
  }

  explain(ask: Ask, rules?: readonly string[]): readonly Explanation[] {
    const indexes = rules === undefined ? this.#kit.ruleIds.keys() : rules.map((rule) => this.#kit.rule(rule));
    const asked = Float64Array.from(indexes);
    const found = this.#kit.ask(ask, (now, numbers, rest) =>
      this.#addon.rulesExplain(this.#handle, this.#number, now, numbers, rest, asked),
    );
    return (JSON.parse(found) as Omit<Explanation, "ruleId">[]).map((one, n) =>
      this.#kit.named(asked[n] as number, one),
    );
  }

  free(): void {
    this.#addon.rulesFree(this.#handle);
  }
}

/** What all who stand beside one document share. */
class Kit {
  readonly addon: Addon;
  readonly ruleIds: readonly string[];
  readonly keys: ReadonlyMap<string, number>;
  readonly packer: Packer;
  readonly #handle: MapperHandle;
  readonly #rules: ReadonlyMap<string, number>;
  readonly #sheets: RuleSheet[] = [];
  #out = new Float64Array(256);

  constructor(addon: Addon, handle: MapperHandle, about: About) {
    this.addon = addon;
    this.ruleIds = about.rules;
    this.keys = new Map(about.keys.map((key, n) => [key, n]));
    this.packer = new Packer(about.fields, about.words);
    this.#handle = handle;
    this.#rules = new Map(about.rules.map((id, n) => [id, n]));
  }

  rule(id: string): number {
    const rule = this.#rules.get(id);
    if (rule === undefined) throw invalid("rule", `must be one of the document; there is no ${JSON.stringify(id)}`);
    return rule;
  }

  /** Read when it is first needed: most rules of a large document never are. */
  readonly sheet = (rule: number): RuleSheet => {
    const known = this.#sheets[rule];
    if (known !== undefined) return known;
    const sheet = frozen(JSON.parse(this.addon.rulesSheet(this.#handle, rule)) as RuleSheet);
    this.#sheets[rule] = sheet;
    return sheet;
  };

  /** Rules and numbers, one after the other. */
  pairs(weights: Readonly<Record<string, number>>, field: string): Float64Array {
    const pairs = new Float64Array(Object.keys(weights).length * 2);
    let at = 0;
    for (const [id, weight] of Object.entries(weights)) {
      if (typeof weight !== "number" || !Number.isFinite(weight) || weight < 0) {
        throw invalid(`${field}.${id}`, "must be a finite number from 0");
      }
      pairs[at] = this.rule(id);
      pairs[at + 1] = weight;
      at += 2;
    }
    return pairs;
  }

  state({ zone, traits, scores, factors }: PersonState) {
    const json = traits === undefined || typeof traits === "string" ? traits : jsonOf(traits, "traits");
    if (scores?.some((score) => score !== undefined && !Number.isFinite(score))) {
      throw invalid("scores", "must be finite numbers, or undefined");
    }
    const best = scores === undefined ? NONE : Float64Array.from(scores, (score) => score ?? Number.NaN);
    return [zone, json, best, factors === undefined ? NONE : this.pairs(factors, "factors")] as const;
  }

  ask<Answer>(
    { now, context, weights }: Omit<Ask, "limit">,
    call: (now: number, numbers: Float64Array, rest: string | undefined) => Answer,
  ): Answer {
    let numbers = this.packer.context(context);
    if (weights !== undefined) numbers = Float64Array.of(...numbers, ...this.pairs(weights, "weights"));
    try {
      return call(now, numbers, this.packer.rest);
    } catch (error) {
      throw asPersonaError(error);
    }
  }

  suggest(
    ask: Ask,
    call: (now: number, numbers: Float64Array, rest: string | undefined, limit: number, out: Float64Array) => string,
  ): Suggestions {
    const limit = ask.limit ?? DEFAULT_LIMIT;
    const text = this.ask(ask, (now, numbers, rest) => {
      const answer = call(now, numbers, rest, limit, this.#out);
      if (this.#out[0] !== -1) return answer;
      this.#out = new Float64Array(2 * (this.#out[1] as number));
      return call(now, numbers, rest, limit, this.#out);
    });
    return new AnswerReader(this.sheet, this.#out, text).read();
  }

  /** With the rule's id, and with what each check asks. */
  named(rule: number, { fires, weight, outcome }: Omit<Explanation, "ruleId">): Explanation {
    const { id, checks } = this.sheet(rule);
    const known = new Map(checks.map((check) => [check.path, check]));
    const whole = (one: Outcome): Outcome =>
      "children" in one
        ? { ...one, children: one.children.map(whole) }
        : { ...(known.get(one.path) as CheckSheet), ...one, actual: one.actual };
    return { ruleId: id, fires, weight, outcome: whole(outcome) };
  }
}

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asPersonaError(error);
  }
}

/** What native code refuses begins with the name of what is wrong; anything else is a defect. */
function asPersonaError(error: unknown): unknown {
  if (error instanceof PersonaError || !(error instanceof Error)) return error;
  const { code, message } = error as Error & { code?: unknown };
  if (code !== "InvalidArg") return new PersonaError("internal", message, { cause: error });
  const [field = "", ...rest] = message.split(": ");
  return invalid(field, rest.join(": "));
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}
