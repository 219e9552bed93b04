/** What all who stand beside one document share: its names, the sheets of its rules, and the desk. */
import type { Addon } from "../../addon.ts";
import {
  QUESTION_LENGTH,
  QUESTION_LIMIT,
  QUESTION_NOW,
  QUESTION_PERSON,
  QUESTION_SEAT,
  QUESTION_SIZE,
} from "../../layout.ts";
import { AnswerReader, type RuleSheet } from "./answer.ts";
import { invalid, jsonOf, Packer } from "./ask.ts";
import { asPersonaError } from "./refusal.ts";
import type { Ask, CheckSheet, Explanation, NarrativeQuery, Outcome, PersonState, Suggestions } from "./types.ts";

export type MapperHandle = Exclude<ReturnType<Addon["rulesCompile"]>, string>;
/** Of a person or a crowd. */
export type Handle = ReturnType<Addon["rulesPerson"]>;

const NONE = new Float64Array(0);
const DEFAULT_LIMIT = 5;

/** What `rulesAbout` tells. */
export interface About {
  readonly id: string;
  readonly rules: readonly string[];
  readonly traits: readonly string[];
  readonly keys: readonly string[];
  readonly required: readonly string[];
  readonly queries: readonly NarrativeQuery[];
  readonly fields: readonly string[];
  readonly words: readonly string[];
}

export class Kit {
  readonly addon: Addon;
  readonly ruleIds: readonly string[];
  readonly keys: ReadonlyMap<string, number>;
  readonly packer: Packer;
  readonly #handle: MapperHandle;
  readonly #rules: ReadonlyMap<string, number>;
  readonly #sheets: RuleSheet[] = [];
  readonly #reader = new AnswerReader((rule) => this.sheet(rule));
  readonly #learn: ReturnType<Addon["rulesLearner"]>;
  readonly #suggest: ReturnType<Addon["rulesSuggester"]>;
  readonly #find: ReturnType<Addon["rulesFinder"]>;
  /** Where questions are laid and answers are found, so that a call passes one array and makes none. */
  #desk = new Float64Array(256);

  constructor(addon: Addon, handle: MapperHandle, about: About) {
    this.addon = addon;
    this.ruleIds = about.rules;
    this.keys = new Map(about.keys.map((key, n) => [key, n]));
    this.packer = new Packer(about.fields, about.words);
    this.#handle = handle;
    this.#learn = addon.rulesLearner(handle);
    this.#suggest = addon.rulesSuggester(handle);
    this.#find = addon.rulesFinder(handle);
    this.#rules = new Map(about.rules.map((id, n) => [id, n]));
  }

  rule(id: string): number {
    const rule = this.#rules.get(id);
    if (rule === undefined) throw invalid("rule", `must be one of the document; there is no ${JSON.stringify(id)}`);
    return rule;
  }

  /** Read when it is first needed: most rules of a large document never are. */
  sheet(rule: number): RuleSheet {
    const known = this.#sheets[rule];
    if (known !== undefined) return known;
    const sheet = frozen(JSON.parse(this.addon.rulesSheet(this.#handle, rule)) as RuleSheet);
    this.#sheets[rule] = sheet;
    return sheet;
  }

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

  /** What is asked, as numbers and, in `packer.rest`, JSON. */
  question({ context, weights }: Omit<Ask, "limit">): Float64Array {
    this.#lay(0, 0, { now: 0, context, weights });
    return this.#desk.slice(QUESTION_SIZE, QUESTION_SIZE + (this.#desk[QUESTION_LENGTH] as number));
  }

  /** Tells native code of a number, at the place of one of `keys`. */
  learn(seat: number, person: number, key: number, value: number): void {
    this.#learn(seat, person, key, value);
  }

  suggest(seat: number, person: number, ask: Ask): Suggestions {
    try {
      for (;;) {
        this.#lay(seat, person, ask);
        const { rest } = this.packer;
        const text = rest === undefined ? this.#suggest(this.#desk) : this.#suggest(this.#desk, rest);
        if (this.#fits()) return this.#reader.read(this.#desk, text ?? "");
      }
    } catch (error) {
      throw asPersonaError(error);
    }
  }

  /** For somebody who is not resident. */
  suggestOnce(state: PersonState, ask: Ask): Suggestions {
    const [zone, traits, scores, factors] = this.state(state);
    const once = this.addon.rulesSuggestOnce;
    try {
      for (;;) {
        this.#lay(0, 0, ask);
        const text = once(this.#handle, zone, traits, scores, factors, this.#desk, this.packer.rest);
        if (this.#fits()) return this.#reader.read(this.#desk, text ?? "");
      }
    } catch (error) {
      throw asPersonaError(error);
    }
  }

  /** Indexes of the rules that fire, ascending. */
  firing(seat: number, person: number, ask: Ask): readonly number[] {
    try {
      for (;;) {
        this.#lay(seat, person, ask);
        const { rest } = this.packer;
        if (rest === undefined) this.#find(this.#desk);
        else this.#find(this.#desk, rest);
        if (this.#fits()) break;
      }
    } catch (error) {
      throw asPersonaError(error);
    }
    const desk = this.#desk;
    // A typed array would need memory of its own, which costs more than all that it holds.
    const rules = new Array<number>(desk[0] as number);
    for (let n = 0; n < rules.length; n += 1) rules[n] = desk[n + 1] as number;
    return rules;
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

  /** Lays a question on the desk. */
  #lay(seat: number, person: number, { now, context, weights, limit = DEFAULT_LIMIT }: Ask): void {
    const pairs = weights === undefined ? NONE : this.pairs(weights, "weights");
    const behind = QUESTION_SIZE + this.packer.length;
    const end = behind + pairs.length;
    if (end > this.#desk.length) this.#desk = new Float64Array(2 * end);
    const desk = this.#desk;
    desk[QUESTION_SEAT] = seat;
    desk[QUESTION_PERSON] = person;
    desk[QUESTION_LIMIT] = limit;
    desk[QUESTION_NOW] = now;
    desk[QUESTION_LENGTH] = end - QUESTION_SIZE;
    this.packer.context(context, desk, QUESTION_SIZE);
    if (pairs !== NONE) desk.set(pairs, behind);
  }

  /** Whether the answer is there; if not, the desk is larger from now on. */
  #fits(): boolean {
    if (this.#desk[0] !== -1) return true;
    this.#desk = new Float64Array(2 * (this.#desk[1] as number));
    return false;
  }
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}
