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
/** Those that nothing goes with. */
const SIMPLE = VALUE.map((kind) => (kind === "nothing" ? undefined : kind === "null" ? null : kind === "true"));

const FAULTS = [
  ["missing_parameter", "The template asks for a parameter that has no value here, and no default."],
  ["transform_failed", "The transform does not take the value that the parameter has here."],
] as const;

/** Reads one answer, in the order in which `crates/persona-rules/src/packed.rs` wrote it. */
export class AnswerReader {
  readonly #sheet: (rule: number) => RuleSheet;
  readonly #numbers: Float64Array;
  readonly #text: string;
  #at = 0;
  #from = 0;

  constructor(sheet: (rule: number) => RuleSheet, numbers: Float64Array, text: string) {
    this.#sheet = sheet;
    this.#numbers = numbers;
    this.#text = text;
  }

  read(): Suggestions {
    const made = this.#next();
    const failed = this.#next();
    const suggestions: RuleSuggestion[] = [];
    for (let n = 0; n < made; n += 1) suggestions.push(this.#suggestion());
    const faults: RuleFault[] = [];
    for (let n = 0; n < failed; n += 1) faults.push(this.#fault());
    return { suggestions, faults };
  }

  #suggestion(): RuleSuggestion {
    const { id, checks, actions } = this.#sheet(this.#next());
    const action = this.#next();
    const sheet = actions[action] as ActionSheet;
    return {
      ruleId: id,
      action,
      type: sheet.type,
      priority: sheet.priority,
      weight: this.#next(),
      title: sheet.title ?? this.#slice(),
      description: sheet.description ?? this.#slice(),
      parameters: this.#parameters(sheet),
      metadata: sheet.metadata,
      because: this.#because(checks),
    };
  }

  #parameters({ parameters, read }: ActionSheet): Readonly<Record<string, unknown>> {
    if (read.length === 0) return parameters;
    const all = { ...parameters };
    for (const name of read) {
      const value = this.#value();
      if (value !== undefined) all[name] = value;
    }
    return all;
  }

  #because(checks: readonly CheckSheet[]): Reason[] {
    const count = this.#next();
    const because: Reason[] = [];
    for (let n = 0; n < count; n += 1) {
      const { path, check, subject, operator, expected } = checks[this.#next()] as CheckSheet;
      // Written out, so that all reasons have one shape: copying what a sheet has takes several times as long.
      because.push({ path, check, subject, operator, expected, holds: this.#next() === 1, actual: this.#value() });
    }
    return because;
  }

  #fault(): RuleFault {
    const { id, actions } = this.#sheet(this.#next());
    const action = this.#next();
    const parameter = (actions[action] as ActionSheet).names[this.#next()] as string;
    const [code, message] = FAULTS[this.#next()] as (typeof FAULTS)[number];
    return { ruleId: id, action, parameter, code, message };
  }

  #value(): unknown {
    const kind = this.#next();
    if (kind === NUMBER) return this.#next();
    if (kind === TEXT) return this.#slice();
    if (kind === JSON_TEXT) return JSON.parse(this.#slice());
    this.#at += 1;
    return SIMPLE[kind];
  }

  #slice(): string {
    const to = this.#next();
    const text = this.#text.slice(this.#from, to);
    this.#from = to;
    return text;
  }

  #next(): number {
    const number = this.#numbers[this.#at] as number;
    this.#at += 1;
    return number;
  }
}
