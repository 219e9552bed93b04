/**
 * The rule engine: mapper documents, compiled once, and persons who are resident beside them. What decides is native
 * (`crates/persona-rules`); this file converts. Time is an argument.
 */
import { type Addon, loadAddon } from "../addon.ts";
import { type FieldFault, PersonaError } from "../errors.ts";
import { invalid, jsonOf, restOf } from "./engine/ask.ts";
import { type About, type Handle, Kit, type MapperHandle } from "./engine/kit.ts";
import { asPersonaError, guarded } from "./engine/refusal.ts";
import type { Ask, Explanation, MapperLimits, NarrativeQuery, PersonState, Suggestions } from "./engine/types.ts";

export type * from "./engine/types.ts";

const LIMITS: Required<MapperLimits> = { bytes: 2 ** 20, rules: 20_000 };

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
    return this.#kit.suggestOnce(state, ask);
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
    this.#place = new Place(kit, handle, kit.addon.rulesSeat(handle), 0);
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
  firing(ask: Ask): readonly number[] {
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
  readonly #seat: number;
  readonly #members = new Map<number, Place>();
  #room = new Uint32Array(0);

  constructor(kit: Kit, handle: Handle) {
    this.#kit = kit;
    this.#handle = handle;
    this.#seat = kit.addon.rulesSeat(handle);
  }

  get size(): number {
    return this.#members.size;
  }

  /** Gives the number of who was added. */
  add(state: PersonState = {}): number {
    const number = guarded(() => this.#kit.addon.rulesJoin(this.#handle));
    const place = new Place(this.#kit, this.#handle, this.#seat, number);
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
   * `ruleIds`), number of the person, index of the rule, … by rule, then by person. The array is the crowd's own: the next
   * question overwrites it.
   */
  matches(ask: Omit<Ask, "limit">): Uint32Array {
    return guarded(() => {
      const { addon, packer } = this.#kit;
      const question = this.#kit.question(ask);
      const { rest } = packer;
      let numbers = 2 * addon.rulesMatches(this.#handle, ask.now, question, rest, this.#room);
      if (numbers > this.#room.length) {
        this.#room = new Uint32Array(2 * numbers);
        numbers = 2 * addon.rulesMatches(this.#handle, ask.now, question, rest, this.#room);
      }
      return this.#room.subarray(0, numbers);
    });
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
  readonly #seat: number;
  readonly #number: number;

  constructor(kit: Kit, handle: Handle, seat: number, number: number) {
    this.#kit = kit;
    this.#addon = kit.addon;
    this.#handle = handle;
    this.#seat = seat;
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
      if (typeof value === "number") this.#kit.learn(this.#seat, this.#number, key, value);
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
    return this.firing(ask).map((rule) => this.#kit.ruleIds[rule] as string);
  }

  firing(ask: Ask): readonly number[] {
    return this.#kit.firing(this.#seat, this.#number, ask);
  }

  suggest(ask: Ask): Suggestions {
    return this.#kit.suggest(this.#seat, this.#number, ask);
  }

  explain(ask: Ask, rules?: readonly string[]): readonly Explanation[] {
    const indexes = rules === undefined ? this.#kit.ruleIds.keys() : rules.map((rule) => this.#kit.rule(rule));
    const asked = Float64Array.from(indexes);
    const found = guarded(() => {
      const question = this.#kit.question(ask);
      return this.#addon.rulesExplain(this.#handle, this.#number, ask.now, question, this.#kit.packer.rest, asked);
    });
    return (JSON.parse(found) as Omit<Explanation, "ruleId">[]).map((one, n) =>
      this.#kit.named(asked[n] as number, one),
    );
  }

  free(): void {
    this.#addon.rulesFree(this.#handle);
  }
}
