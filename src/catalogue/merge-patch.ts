/** JSON merge patch (RFC 7396). */

/** No entry is deeper: what lies beyond is put in as it is, and refused by the schema. */
const MAX_DEPTH = 8;

/** Neither input is changed. Tables of the result have no prototype, so that `__proto__` is a name like others. */
export function mergePatch(target: unknown, patch: unknown, depth = MAX_DEPTH): unknown {
  if (!isTable(patch) || depth === 0) return patch;
  const result: Record<string, unknown> = Object.assign(Object.create(null), isTable(target) ? target : {});
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value, depth - 1);
  }
  return result;
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
