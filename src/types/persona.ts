/** One persona in the fleet: how it is enrolled, and what it may be told to do. */
import type { Lane } from "../store/port.ts";
import type { Cognition } from "./cognition.ts";
import type { Budget, BudgetInput } from "./spending.ts";

/** Who is enrolled: a persona of the catalogue, by its id alone, or one that is defined here and hides an entry of its id. */
export interface PersonaDefinition {
  /** `^[a-z0-9][a-z0-9._-]{0,127}$`, unique; enrolling it again changes the persona and keeps its inbox. */
  readonly id: string;
  /** 1..128 characters after trimming. Left out, with instructions, model and mapper: the persona of the catalogue. */
  readonly name?: string;
  /** At most 64 KiB. Default: none. */
  readonly instructions?: string;
  /**
   * `provider:model`: who answers, among `RuntimeOptions.providers`. Default: their default. Without providers, and for
   * a persona with a function of its own, it is kept and shown.
   */
  readonly model?: string;
  /** Of the mapper that tells it in its turns what it suggests about whoever speaks. Default: none. */
  readonly mapperId?: string;
  /** The caller's own function instead of a provider. It is not stored: enroll again after a restart. Enrolling again without one keeps it. */
  readonly cognition?: Cognition;
  readonly settings?: SettingsInput;
}

/** Settings to be given: what is left out has its default, or stays as it is. */
export interface SettingsInput extends Partial<Omit<PersonaSettings, "windows" | "budget">> {
  readonly windows?: Partial<PersonaSettings["windows"]>;
  readonly budget?: BudgetInput | null;
}

export interface PersonaSettings {
  /**
   * Turns at once over all conversations, 1..1024, but never more than half of the fleet's. Default 1: one mind; 16 for
   * a persona of the catalogue.
   */
  readonly maxParallelTurns: number;
  /** Undecided items before further ones are refused, 1..1 000 000. Default 10 000. */
  readonly maxQueued: number;
  /** How long cognition may take, 1..3 600 000 ms. Default 120 000 (voice: at most 20 000). */
  readonly deadlineMs: number;
  /** Newest messages of the conversation that `turn.history()` gives, in tokens, 0..1 000 000. Default 4 000. */
  readonly historyTokens: number;
  /**
   * What becomes of items whose turn was cut off by a crash: the turn counts as failed (`retry`), they are dead letters
   * for somebody to replay or discard (`ask`), or declined (`drop`), the last two as `unknown_outcome`. Default `auto`:
   * `ask` for a persona with tools, which may have done something already, else `retry`.
   */
  readonly onUnknownOutcome: "auto" | "retry" | "ask" | "drop";
  /** A paused persona accepts messages and answers them when it is resumed. Default false. */
  readonly paused: boolean;
  /**
   * Items of each lane that wait in native memory, 1..10 000. Default: voice 50, chat 500, task 100, background 200.
   * What lies beyond waits in the database; with a memory store the least important item of the lane is declined
   * (`evicted`), but never one that is spoken or urgent.
   */
  readonly windows: Readonly<Record<Lane, number>>;
  /** Turns in a row that fail or time out before the breaker opens, 0..1000; 0: it never does. Default 5. */
  readonly breakerFailures: number;
  /**
   * How long it stays open, 1..600 000 ms; twice as long each time the one turn that then tries fails too, 10 minutes
   * at most, ±10 %. Default 30 000.
   */
  readonly breakerOpenMs: number;
  /** Pause in a room between the persona's last answer and one that no human asked for, 0..600 000 ms. Default 10 000. */
  readonly roomGapMs: number;
  /** Answers in a room that no human asked for, until a human speaks there again, 1..10 000; what comes then is declined (`room_cap`). Default 50. */
  readonly roomCap: number;
  /** Whether it answers what another persona says in a room without naming it. Default false: it listens (`undirected`). */
  readonly answerUndirected: boolean;
  /**
   * Whether load and energy decide what it takes up: with more than 20 messages waiting (or little compute budget)
   * only what is important (effective priority above 0.8), when tired above 0.5. Never what a human says to it, and
   * nothing waits longer than a minute for this. Default false.
   */
  readonly temperament: boolean;
  /**
   * Names of the tools that its cognition may call, 128 at most. One that is not registered is refused when it is
   * given; where a stored persona has outlived its tool, a warning (`tool_unknown`) says so. For a persona of the
   * catalogue its role says which; what is named here narrows that. Default: none.
   */
  readonly tools: readonly string[];
  /** With a temperament: what a minute of work costs, in tenths of its energy, 0..10. Default 1; half a minute of rest brings a tenth back. */
  readonly complexity: number;
  /** With a temperament: what is left to compute with, 0..1, as the host measures it; below 0.2 it is overwhelmed. Default 1. */
  readonly computeBudget: number;
  /** What its calls to models may take in a window; null: what `RuntimeOptions.budgets.persona` says. Default null. */
  readonly budget: Budget | null;
}

/** What a persona waits for in its sleep. */
export const SLEEP_MODES = ["active", "mentioned_only", "human_only", "sleeping", "until_topic"] as const;
export type SleepMode = (typeof SLEEP_MODES)[number];

/**
 * How a persona sleeps. Asleep it takes messages and answers none of them. It is woken by being named or spoken to in
 * a session (`mentioned_only`), by a human (`human_only`), by a message on its topic (`until_topic`, see
 * `SendOptions.similarity`), or by time; then it is `active` again.
 */
export interface Sleep {
  readonly mode: SleepMode;
  /** When it wakes by itself. Default: never. */
  readonly until?: number | undefined;
  /** 1..256 characters; only with `until_topic`, and needed there. */
  readonly topic?: string | undefined;
  /** Similarity from which on a message is on the topic, 0..1; only with `until_topic`. Default 0.7. */
  readonly threshold?: number | undefined;
}

/** What `configure` changes; the rest stays. */
export interface PersonaChanges {
  readonly settings?: SettingsInput;
  readonly sleep?: Sleep;
}
