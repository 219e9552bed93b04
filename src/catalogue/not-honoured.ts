/** What a session asks for and does not get, field by field. */
import { type ResolvedSession, SETTING_NAMES, type SettingName } from "./resolved-session.ts";
import { offeredTools } from "./tools.ts";

export interface NotHonoured {
  readonly field: SettingName | "model" | "steps";
  /** In words. */
  readonly reason: string;
}

/** Of those that say something about sound; `false` is what a text has anyway. */
const OF_SOUND: readonly SettingName[] = [
  "automatic_activity_detection",
  "vad_start_sensitivity",
  "vad_end_sensitivity",
  "vad_prefix_padding_ms",
  "vad_silence_duration_ms",
  "activity_handling",
  "turn_coverage",
  "enable_affective_dialog",
];

const isAsked = (session: ResolvedSession, field: NotHonoured["field"]): boolean =>
  session[field] !== undefined && session[field] !== false;

/** In writing, whoever answers. */
export function notHonouredInText(session: ResolvedSession): readonly NotHonoured[] {
  const reason = "it is about sound, and this session is in writing";
  return OF_SOUND.filter((field) => isAsked(session, field)).map((field) => ({ field, reason }));
}

/** By the rehearsal, which says what it was told and calls nobody. */
export function notHonouredByRehearsal(session: ResolvedSession): readonly NotHonoured[] {
  const inText = notHonouredInText(session);
  const reason = "no model is asked: the rehearsal answers";
  const others = (["model", ...SETTING_NAMES] as const)
    .filter((field) => session[field] !== undefined && !OF_SOUND.some((name) => name === field))
    .map((field) => ({ field, reason }));
  return [...others, ...inText];
}

/** Tools that the role allows and nobody has registered. */
export function notHonouredTools(
  { tool_allowlist = [] }: ResolvedSession,
  isRegistered: (name: string) => boolean,
): readonly NotHonoured[] {
  const unknown = tool_allowlist.filter((name) => !isRegistered(name));
  if (unknown.length === 0) return [];
  return [{ field: "tool_allowlist", reason: `no registered tool is called ${unknown.join(", ")}` }];
}

/** Steps that wait for tools which no turn is offered. `own` are the tools that the persona may call. */
export function notHonouredSteps(session: ResolvedSession, own: readonly string[]): readonly NotHonoured[] {
  const offered = offeredTools(session, own);
  return (session.steps ?? []).flatMap(({ id, require_tools }) => {
    const missing = require_tools.filter((name) => !offered.includes(name));
    if (missing.length === 0) return [];
    const reason = `step "${id}" requires tools that are not offered (${missing.join(", ")}), so it is never complete`;
    return [{ field: "steps" as const, reason }];
  });
}
