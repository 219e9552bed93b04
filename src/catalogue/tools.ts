/** Which tools a session is offered, and which ones nobody has. */
import type { ResolvedSession } from "./resolved-session.ts";
import type { RoleEntry, SequenceEntry } from "./schema.ts";

/**
 * Names of the tools that a turn is offered. The role's allow-list chooses among those that the persona may call (`own`);
 * of a persona that names none itself it says all. Without an allow-list they are the persona's.
 */
export function offeredTools(session: ResolvedSession | undefined, own: readonly string[]): readonly string[] {
  const allowed = session?.tool_allowlist;
  if (allowed === undefined) return own;
  return own.length === 0 ? allowed : allowed.filter((name) => own.includes(name));
}

/** An entry that names tools which are not registered. */
export interface UnknownTools {
  readonly kind: "role" | "sequence";
  readonly id: string;
  readonly names: readonly string[];
}

/** Of all entries; what is not registered is not offered, and a step that requires it cannot be completed. */
export function unknownTools(
  { roles, sequences }: { readonly roles: readonly RoleEntry[]; readonly sequences: readonly SequenceEntry[] },
  isRegistered: (name: string) => boolean,
): readonly UnknownTools[] {
  const unknown = (kind: UnknownTools["kind"], id: string, names: readonly string[]): UnknownTools => ({
    kind,
    id,
    names: [...new Set(names)].filter((name) => !isRegistered(name)),
  });
  return [
    ...roles.map(({ id, tool_allowlist = [] }) => unknown("role", id, tool_allowlist)),
    ...sequences.map(({ id, steps }) =>
      unknown(
        "sequence",
        id,
        steps.flatMap(({ require_tools }) => require_tools),
      ),
    ),
  ].filter(({ names }) => names.length > 0);
}
