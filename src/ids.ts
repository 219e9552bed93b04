/**
 * Keys and public ids. Inside, everything has a key: an integer below 2^53 that grows with time,
 * 41 bits of milliseconds since 2020 and 12 bits of counter. Outside, the same key is a UUID of
 * version 7 (RFC 9562 §6.2, a counter in the bits after the time), so no table needs a second,
 * random index to find a row by its public id:
 *
 * ```
 * 48 bits  milliseconds since 1970
 *  4 bits  version 7
 * 12 bits  counter
 *  2 bits  variant
 *  3 bits  kind
 * 59 bits  check of (kind, key) under the database's salt
 * ```
 *
 * An id is a name, not a secret: whoever presents one must still be allowed to see what it names.
 */
/** All that there is room for. */
const KINDS = ["conversation", "message", "item", "turn", "api_key", "suggestion", "core", "narrative"] as const;
export type IdKind = (typeof KINDS)[number];

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const EPOCH = Date.UTC(2020, 0, 1);
const COUNTER = 4096;

/** The first key that may be given at `now`, after `last`: never one twice, even if the clock went back. */
export function nextKey(now: number, last: number): number {
  return Math.max(last + 1, (now - EPOCH) * COUNTER);
}

/** When a key was given, in milliseconds since 1970. */
export function timeOfKey(key: number): number {
  return EPOCH + Math.floor(key / COUNTER);
}

export function encodeId(kind: IdKind, key: number, salt: number): string {
  const time = timeOfKey(key);
  const place = KINDS.indexOf(kind);
  const first = mix(salt ^ place, key);
  const second = mix(first ^ 0x9e3779b9, key);
  writeHex(0, time / 2 ** 32);
  writeHex(4, time / 2 ** 16);
  writeHex(9, time);
  writeHex(14, 0x7000 + (key % COUNTER));
  writeHex(19, 0x8000 + place * 0x800 + (first % 0x800));
  writeHex(24, second >>> 16);
  writeHex(28, second);
  writeHex(32, first >>> 16);
  return TEXT.toString("latin1");
}

/** What a public id names, or nothing if this database did not make it. */
export function decodeId(id: string, salt: number): { readonly kind: IdKind; readonly key: number } | undefined {
  if (typeof id !== "string" || !PATTERN.test(id)) return undefined;
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const key = (time - EPOCH) * COUNTER + Number.parseInt(id.slice(15, 18), 16);
  const kind = KINDS[(Number.parseInt(id.slice(19, 23), 16) >> 11) & 7];
  return kind !== undefined && encodeId(kind, key, salt) === id ? { kind, key } : undefined;
}

/** An id as it was given, whatever it was, for the message of an error. */
export function quoteId(id: unknown): string {
  if (typeof id !== "string") return `(${typeof id})`;
  return JSON.stringify(id.length <= 200 ? id : `${id.slice(0, 200)}…`);
}

/** MurmurHash3's finalizer over both halves of the key: a guard against mix-ups, not a signature. */
function mix(seed: number, key: number): number {
  return mixHalf(mixHalf(seed, key), key / 2 ** 32) >>> 0;
}

/** Takes the lowest 32 bits of the integer part of `half`, as all bit operators do. */
function mixHalf(seed: number, half: number): number {
  let hash = Math.imul(seed ^ half, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Every message has ten ids: `toString(16)` would cost eight times as much, and pieces put together ten times the memory. */
const TEXT = Buffer.alloc(36, "-");
const DIGITS = Buffer.from("0123456789abcdef");

/** Writes the lowest 16 bits as four digits. */
function writeHex(at: number, value: number): void {
  TEXT[at] = DIGITS[(value >>> 12) & 15] ?? 0;
  TEXT[at + 1] = DIGITS[(value >>> 8) & 15] ?? 0;
  TEXT[at + 2] = DIGITS[(value >>> 4) & 15] ?? 0;
  TEXT[at + 3] = DIGITS[value & 15] ?? 0;
}
