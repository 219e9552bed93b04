/** Whether, and how much, a model shall think: three fields of a role that say one thing together. */
import type { Settings } from "./resolved-session.ts";

export type ThinkingFields = Pick<Settings, "thinking_enabled" | "thinking_level" | "thinking_budget">;

/** Off wins: `thinking_enabled: false`, the level `off` and a budget of 0 each mean it. Undefined: nothing is said. */
export function thinks(fields: ThinkingFields): boolean | undefined {
  const { thinking_enabled: enabled, thinking_level: level, thinking_budget: budget } = fields;
  if (enabled === false || level === "off" || budget === 0) return false;
  return enabled === true || level !== undefined || budget !== undefined ? true : undefined;
}
