/** What comes out of the rule engine: numbers and one text, beside what never changes of each rule. */
import { VALUE } from "../../layout.ts";
import type { CheckSheet, Reason, RuleFault, RuleSuggestion, Suggestions } from "./types.ts";

/** What never changes of a rule. Frozen, because every answer shares it. */
export interface RuleSheet {
  readonly id: string;
  /** The paths that its conditions read. */
  readonly traits: readonly string[];
  readonly checks: readonly CheckSheet[];
  readonly actions: readonly ActionSheet[];
}

interface ActionSheet {
  readonly type: string;
  /** Null if parameters are part of it. */
  readonly title: string | null;
  readonly description: string | null;
  readonly priority: "high" | "medium" | "low";
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The literal ones. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Names of those that are read from somewhere. */
  readonly read: readonly string[];
  /** Names of all. */
  readonly names: readonly string[];
}

const NUMBER = VALUE.indexOf("number");
const TEXT = VALUE.indexOf("text");
const JSON_TEXT = VALUE.indexOf("json");
const AS_ASKED = VALUE.indexOf("as asked");
const MINUTE = VALUE.indexOf("minute");
/** Those that nothing goes with. */
const SIMPLE = VALUE.map((kind) => (kind === "nothing" ? undefined : kind === "null" ? null : kind === "true"));

const FAULTS = [
  ["missing_parameter", "The template asks for a parameter that has no value here, and no default."],
  ["transform_failed", "The transform does not take the value that the parameter has here."],
] as const;

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

/** A rule's sheet once more, as it is read quickest: one look at a list, one shape of checks, and nothing frozen. */
class Form {
  readonly id: string;
  readonly checks: readonly Required<CheckSheet>[];
  readonly actions: readonly (ActionSheet & { readonly blank: Record<string, unknown> })[];
  /** The reasons of checks that found just what they ask for: frozen, because every answer shares them. */
  readonly asAsked: (Reason | undefined)[] = [];

  constructor({ id, checks, actions }: RuleSheet) {
    this.id = id;
    this.checks = checks.map(({ path, check, subject, operator, expected }) => {
      return { path, check, subject, operator, expected };
    });
    this.actions = actions.map((action) => {
      const read = [...action.read];
      const unread = read.map((name) => [name, null] as const);
      // All parameters, to be copied and filled.
      return { ...action, read, blank: Object.fromEntries([...Object.entries(action.parameters), ...unread]) };
    });
  }
}

/** Reads answers, in the order in which `crates/persona-rules/src/packed.rs` writes them. */
export class AnswerReader {
  readonly #sheet: (rule: number) => RuleSheet;
  readonly #forms: Form[] = [];
  #numbers: Float64Array = new Float64Array(0);
  #text = "";
  #at = 0;
  #from = 0;
  #minute = -1;
  #time = "";

  constructor(sheet: (rule: number) => RuleSheet) {
    this.#sheet = sheet;
  }

  read(numbers: Float64Array, text: string): Suggestions {
    this.#numbers = numbers;
    this.#text = text;
    this.#at = 2;
    this.#from = 0;
    const suggestions: RuleSuggestion[] = [];
    for (let n = numbers[0] as number; n > 0; n -= 1) suggestions.push(this.#suggestion());
    const faults: RuleFault[] = [];
    for (let n = numbers[1] as number; n > 0; n -= 1) faults.push(this.#fault());
    return { suggestions, faults };
  }

  #suggestion(): RuleSuggestion {
    const form = this.#form(this.#next());
    const action = this.#next();
    const sheet = form.actions[action] as Form["actions"][number];
    return {
      ruleId: form.id,
      action,
      type: sheet.type,
      priority: sheet.priority,
      weight: this.#next(),
      title: sheet.title ?? this.#slice(this.#next()),
      description: sheet.description ?? this.#slice(this.#next()),
      parameters: sheet.read.length === 0 ? sheet.parameters : this.#parameters(sheet.read, sheet.blank),
      metadata: sheet.metadata,
      because: this.#because(form),
    };
  }

  #parameters(read: readonly string[], blank: Record<string, unknown>): Readonly<Record<string, unknown>> {
    const all: Record<string, unknown> = { ...blank };
    for (let n = 0; n < read.length; n += 1) {
      const name = read[n] as string;
      const value = this.#value();
      if (value === undefined) delete all[name];
      else all[name] = value;
    }
    return all;
  }

  #because(form: Form): Reason[] {
    const count = this.#next();
    // Most rules have few, and a list that is written out is made several times as fast as one that grows.
    if (count === 2) return [this.#reason(form), this.#reason(form)];
    if (count === 3) return [this.#reason(form), this.#reason(form), this.#reason(form)];
    const because: Reason[] = [];
    for (let n = 0; n < count; n += 1) because.push(this.#reason(form));
    return because;
  }

  #reason({ checks, asAsked }: Form): Reason {
    const at = this.#at;
    const numbers = this.#numbers;
    this.#at = at + 4;
    const number = numbers[at] as number;
    const { path, check, subject, operator, expected } = checks[number] as CheckSheet;
    const holds = numbers[at + 1] === 1;
    const kind = numbers[at + 2] as number;
    if (kind !== AS_ASKED) {
      const actual = this.#read(kind, numbers[at + 3] as number);
      // Written out, so that all reasons have one shape: copying what a sheet has takes several times as long.
      return { path, check, subject, operator, expected, holds, actual };
    }
    const known = asAsked[number];
    if (known !== undefined) return known;
    const reason = Object.freeze({ path, check, subject, operator, expected, holds, actual: expected });
    asAsked[number] = reason;
    return reason;
  }

  #fault(): RuleFault {
    const { id, actions } = this.#form(this.#next());
    const action = this.#next();
    const parameter = (actions[action] as ActionSheet).names[this.#next()] as string;
    const [code, message] = FAULTS[this.#next()] as (typeof FAULTS)[number];
    return { ruleId: id, action, parameter, code, message };
  }

  #value(): unknown {
    const kind = this.#next();
    return this.#read(kind, this.#next());
  }

  #read(kind: number, payload: number): unknown {
    if (kind === NUMBER) return payload;
    if (kind === MINUTE) return this.#localTime(payload);
    if (kind === TEXT) return this.#slice(payload);
    if (kind === JSON_TEXT) return JSON.parse(this.#slice(payload));
    return SIMPLE[kind];
  }

  /** Such as `saturday 14:05`, of a minute of the week. Most checks of an answer are of one zone, so of one minute. */
  #localTime(minute: number): string {
    if (minute !== this.#minute) {
      const hour = Math.floor(minute / 60);
      this.#time = `${DAYS[Math.floor(hour / 24)]} ${TWO_DIGITS[hour % 24]}:${TWO_DIGITS[minute % 60]}`;
      this.#minute = minute;
    }
    return this.#time;
  }

  /** The text that ends there and begins where the last one ended. */
  #slice(to: number): string {
    const text = this.#text.slice(this.#from, to);
    this.#from = to;
    return text;
  }

  #next(): number {
    const number = this.#numbers[this.#at] as number;
    this.#at += 1;
    return number;
  }

  /** Made when it is first needed: most rules of a large document never are. */
  #form(rule: number): Form {
    const known = this.#forms[rule];
    if (known !== undefined) return known;
    const form = new Form(this.#sheet(rule));
    this.#forms[rule] = form;
    return form;
  }
}
