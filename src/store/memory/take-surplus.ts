const NONE: readonly never[] = [];

/** Removes the oldest keys down to `max`, but not before there are a tenth more: a walk steps over all that were removed. */
export function takeSurplus<Key>(
  keys: Pick<Map<Key, unknown>, "size" | "delete" | "keys">,
  max: number,
): readonly Key[] {
  if (keys.size <= max * 1.1) return NONE;
  const taken: Key[] = [];
  for (const key of keys.keys()) {
    if (keys.size <= max) break;
    keys.delete(key);
    taken.push(key);
  }
  return taken;
}
