/** The shapes of the rule engine. */

/** How large a document may be. */
export interface MapperLimits {
  /** Bytes of JSON. Default 1 MiB. */
  readonly bytes?: number;
  /** Default 20 000. */
  readonly rules?: number;
}

/** A search among a person's narratives, and the checks that ask for its best score. */
export interface NarrativeQuery {
  readonly query: string;
  /** How many narratives it may give, 1 to 100. */
  readonly limit: number;
  /** Kinds of narratives to look among; all if it is empty. */
  readonly types: readonly string[];
  readonly checks: readonly { readonly rule: string; readonly threshold: number }[];
}

/** What is known of a person. */
export interface PersonState {
  /** Name of the IANA database; UTC if left out. */
  readonly zone?: string | undefined;
  /** JSON values by dotted path, or the JSON text of that. */
  readonly traits?: Readonly<Record<string, unknown>> | string | undefined;
  /** The best score of each narrative query, by its place among them. */
  readonly scores?: readonly (number | undefined)[] | undefined;
  /** What the shared weights are multiplied by for this person, by rule; 1 for those that are not named. */
  readonly factors?: Readonly<Record<string, number>> | undefined;
}

/** What a question is about, besides the person. */
export interface Ask {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** JSON values by field. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Most suggestions; 5 if left out. */
  readonly limit?: number | undefined;
  /** Weights for this call alone, by rule, instead of the shared ones; personal factors apply to them too. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
}

export interface Suggestions {
  /** By weight, then priority, then document order. */
  readonly suggestions: readonly RuleSuggestion[];
  /** What kept suggestions from being made that would have been among those. They stopped no other. */
  readonly faults: readonly RuleFault[];
}

export interface RuleSuggestion {
  readonly ruleId: string;
  /** Which of the rule's actions, from 0. */
  readonly action: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly priority: "high" | "medium" | "low";
  /** Of the rule, for this person. */
  readonly weight: number;
  /** Those that have a value, transformed. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The checks that made the rule fire, in document order. */
  readonly because: readonly Reason[];
}

/** What a check asks; it never changes. */
export interface CheckSheet {
  /** JSON pointer into the document. */
  readonly path: string;
  readonly check: "trait_check" | "context_check" | "time_check" | "narrative_check";
  /** The path, field, zone (`user_local` for the person's) or query. */
  readonly subject: string;
  /** Of a check of a trait or the context. */
  readonly operator?: string | undefined;
  /** What the document says beside the operator, or the threshold of a narrative check. */
  readonly expected?: unknown;
}

/** A check with what it found. */
export interface Reason extends CheckSheet {
  /** False where a `not` wants that. */
  readonly holds: boolean;
  /** The value it looked at, undefined if there is none; of a time check the local time, such as `saturday 14:05`. */
  readonly actual: unknown;
}

/** Why one action of a rule that fires made no suggestion. */
export interface RuleFault {
  readonly ruleId: string;
  readonly action: number;
  readonly parameter: string;
  readonly code: "missing_parameter" | "transform_failed";
  readonly message: string;
}

/** One rule in one situation, with all that was looked at. */
export interface Explanation {
  readonly ruleId: string;
  /** Whether its conditions hold and its weight is above 0. */
  readonly fires: boolean;
  readonly weight: number;
  readonly outcome: Outcome;
}

/** The outcome of a condition: of a group with that of each of its conditions, or of a check. */
export type Outcome = GroupOutcome | CheckOutcome;

export interface GroupOutcome {
  readonly kind: "all" | "any" | "not";
  readonly path: string;
  readonly holds: boolean;
  readonly children: readonly Outcome[];
}

export interface CheckOutcome extends Reason {
  /** If the outcome stands against the rule: the nearest thing that turns it, if any does. */
  readonly flip?: Flip;
}

/** What the value, or the clock (milliseconds since 1970), would have to be. */
export type Flip =
  | { readonly above: number; readonly inclusive: boolean }
  | { readonly below: number; readonly inclusive: boolean }
  | { readonly between: readonly [number, number] }
  | { readonly any_of: readonly unknown[] }
  | { readonly none_of: readonly unknown[] }
  | { readonly present: boolean }
  | { readonly containing: unknown }
  | { readonly not_containing: unknown }
  | { readonly matching: string }
  | { readonly not_matching: string }
  | { readonly at: number }
  | { readonly time_between: readonly [number, number] };
