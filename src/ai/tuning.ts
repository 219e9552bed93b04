/**
 * What a session asks of a model beside the prompt, in the options of the AI SDK; and what of it this model cannot
 * honour. The one is made with the other, so that nothing is left out without being named.
 */
import type * as z from "zod";
import { type NotHonoured, notHonouredInText } from "../catalogue/not-honoured.ts";
import type { ResolvedSession, SettingName } from "../catalogue/resolved-session.ts";
import { thinks } from "../catalogue/thinking.ts";
import type { Abilities } from "./abilities.ts";
import type { ModelCall } from "./options.ts";

type Options = Pick<ModelCall, "temperature" | "reasoning">;
type Own = Record<string, z.core.util.JSONType>;

export interface Tuning {
  readonly options: Options;
  /** In the provider's own words, by its name in the AI SDK. */
  readonly own: Readonly<Record<string, Own>>;
  /** Tokens that thinking may take: providers count them as a part of the answer, which needs its room beside them. */
  readonly thinkingTokens: number;
  /** Of those, the ones that the AI SDK adds to the bound of the answer by itself. */
  readonly addedTokens: number;
  readonly notHonoured: readonly NotHonoured[];
}

const NOTHING: Tuning = { options: {}, own: {}, thinkingTokens: 0, addedTokens: 0, notHonoured: [] };

/** The room that a level gets, and the budget where it has to be said as one. */
const LEVEL_TOKENS = { low: 1_024, medium: 4_096, high: 16_384 } as const;
/** What Anthropic demands, and the most that it takes. */
const LEAST_TRIGGER = 50_000;
const HOTTEST = 1;

export function tune(session: ResolvedSession | undefined, abilities: Abilities): Tuning {
  return session === undefined ? NOTHING : new Tuner(session, abilities).tune();
}

class Tuner {
  readonly #session: ResolvedSession;
  readonly #can: Abilities;
  readonly #named: NotHonoured[] = [];
  readonly #options: Options = {};
  /** Of the provider that the model has. */
  readonly #own: Own = {};
  #thinkingTokens = 0;
  #addedTokens = 0;

  constructor(session: ResolvedSession, abilities: Abilities) {
    this.#session = session;
    this.#can = abilities;
  }

  tune(): Tuning {
    const isOn = thinks(this.#session);
    if (isOn === true) this.#think();
    else if (isOn === false) this.#rest();
    else this.#include();
    this.#warm(isOn === true);
    this.#compress();
    const own = Object.keys(this.#own).length === 0 ? {} : { [this.#can.kind]: this.#own };
    return {
      options: this.#options,
      own,
      thinkingTokens: this.#thinkingTokens,
      addedTokens: this.#addedTokens,
      notHonoured: [...this.#named, ...notHonouredInText(this.#session)],
    };
  }

  #think(): void {
    const { thinking_level, include_thoughts } = this.#session;
    const budget = this.#budget();
    const said = thinking_level === "off" ? undefined : thinking_level;
    const level = said ?? "medium";
    this.#thinkingTokens = budget ?? Math.min(LEVEL_TOKENS[level], this.#can.mostBudget);
    if (this.#can.kind === "google") {
      const isLeveled = this.#can.adaptive && budget === undefined;
      if (isLeveled) this.#options.reasoning = level;
      if (budget !== undefined && said !== undefined) this.#name("thinking_level", "the budget decides");
      const config = {
        ...(!isLeveled && { thinkingBudget: this.#thinkingTokens }),
        ...(include_thoughts !== undefined && { includeThoughts: include_thoughts }),
      };
      if (Object.keys(config).length > 0) this.#own["thinkingConfig"] = config;
      return;
    }
    if (budget !== undefined && !this.#can.budget) {
      this.#thinkingTokens = LEVEL_TOKENS[level];
      this.#name("thinking_budget", `this model takes no budget for thinking; it is told the level ${level}`);
    }
    if (this.#can.kind !== "anthropic") {
      this.#options.reasoning = level;
      if (include_thoughts === true) this.#name("include_thoughts", "this protocol has no way to ask for thoughts");
      return;
    }
    if (this.#can.adaptive && (budget === undefined || !this.#can.budget)) {
      this.#options.reasoning = level;
      if (include_thoughts !== undefined)
        this.#own["thinking"] = { type: "adaptive", display: include_thoughts ? "summarized" : "omitted" };
      return;
    }
    this.#addedTokens = this.#thinkingTokens;
    this.#own["thinking"] = { type: "enabled", budgetTokens: this.#thinkingTokens };
    if (budget !== undefined && said !== undefined) {
      if (this.#can.adaptive) this.#options.reasoning = said;
      else this.#name("thinking_level", "the budget decides");
    }
    if (include_thoughts === false)
      this.#name("include_thoughts", "this model always tells its thoughts; they are no part of the reply");
  }

  /** As near to what is said as the model takes it. */
  #budget(): number | undefined {
    const { thinking_budget: said } = this.#session;
    const { budget, leastBudget, mostBudget } = this.#can;
    if (said === undefined || !budget) return said;
    const taken = Math.min(Math.max(said, leastBudget), mostBudget);
    if (taken !== said) {
      const which = taken > said ? "the least" : "the most";
      this.#name("thinking_budget", `${taken} tokens are ${which} that this model takes, and are allowed`);
    }
    return taken;
  }

  /** Whether it thinks is left to the provider. */
  #include(): void {
    const { include_thoughts } = this.#session;
    if (include_thoughts === undefined) return;
    if (this.#can.kind === "google") this.#own["thinkingConfig"] = { includeThoughts: include_thoughts };
    else if (include_thoughts) this.#name("include_thoughts", "thinking is not switched on");
  }

  #rest(): void {
    this.#options.reasoning = "none";
    const { thinking_enabled, thinking_level, thinking_budget, include_thoughts } = this.#session;
    if (!this.#can.rests) {
      this.#thinkingTokens = LEVEL_TOKENS.low;
      const reason = "this model cannot be kept from thinking; it thinks as little as it can";
      if (thinking_enabled === false) this.#name("thinking_enabled", reason);
      if (thinking_level === "off") this.#name("thinking_level", reason);
      if (thinking_budget === 0) this.#name("thinking_budget", reason);
    }
    const reason = "thinking is off";
    if (thinking_enabled === true) this.#name("thinking_enabled", reason);
    if (thinking_level !== undefined && thinking_level !== "off") this.#name("thinking_level", reason);
    if (thinking_budget !== undefined && thinking_budget !== 0) this.#name("thinking_budget", reason);
    if (include_thoughts === true) this.#name("include_thoughts", reason);
  }

  #warm(isThinking: boolean): void {
    const { temperature } = this.#session;
    if (temperature === undefined) return;
    const isAnthropic = this.#can.kind === "anthropic";
    if (!this.#can.temperature || (isAnthropic && isThinking)) {
      const which = this.#can.temperature ? "a model that thinks" : "this model";
      this.#name("temperature", `this provider takes none of ${which}`);
      return;
    }
    this.#options.temperature = isAnthropic ? Math.min(temperature, HOTTEST) : temperature;
    if (isAnthropic && temperature > HOTTEST)
      this.#name("temperature", `this provider takes ${HOTTEST} at most, and is told that`);
  }

  #compress(): void {
    const {
      context_compression_enabled: isOn,
      context_compression_trigger_tokens: trigger,
      context_compression_target_tokens: target,
    } = this.#session;
    const can = isOn === true && this.#can.compresses;
    const reason = isOn === true ? "this model does not compress its context" : "compression is not switched on";
    if (isOn === true && !can) this.#name("context_compression_enabled", reason);
    if (trigger !== undefined && !can) this.#name("context_compression_trigger_tokens", reason);
    if (target !== undefined)
      this.#name("context_compression_target_tokens", can ? "the provider decides how much is left" : reason);
    if (!can) return;
    if (trigger !== undefined && trigger < LEAST_TRIGGER)
      this.#name("context_compression_trigger_tokens", `${LEAST_TRIGGER} tokens are the least, and are waited for`);
    const value = Math.max(trigger ?? 0, LEAST_TRIGGER);
    const from = trigger === undefined ? {} : { trigger: { type: "input_tokens", value } };
    this.#own["contextManagement"] = { edits: [{ type: "compact_20260112", ...from }] };
  }

  #name(field: SettingName, reason: string): void {
    this.#named.push({ field, reason });
  }
}
