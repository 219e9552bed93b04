/** If-Match and If-None-Match (RFC 9110, section 13.1): whether what a request is about is still what its sender saw. */
import { PersonaError } from "../errors.ts";

/** Every tag, or some: `"a"`, `W/"b"`. */
export type Tags = "*" | readonly string[];

export interface Preconditions {
  readonly ifMatch: Tags | undefined;
  readonly ifNoneMatch: Tags | undefined;
}

/** Throws `malformed_request` for a header that is no list of tags. */
export function preconditionsOf(headers: Readonly<Record<string, unknown>>): Preconditions {
  return { ifMatch: tagsOf(headers, "if-match"), ifNoneMatch: tagsOf(headers, "if-none-match") };
}

/** By strong comparison: a weak tag says nothing that is exact enough to write by. */
export function matchesExactly(tags: Tags, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  return tags === "*" || (isStrong(tag) && tags.includes(tag));
}

/** By weak comparison: a cache on the way may have weakened what it passes on. */
export function matchesRoughly(tags: Tags, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  return tags === "*" || tags.some((one) => opaque(one) === opaque(tag));
}

const isStrong = (tag: string) => !tag.startsWith("W/");
const opaque = (tag: string) => tag.replace(/^W\//, "");

/** One of a list, which may have empty places. */
const TAG = /[\t ,]*((?:W\/)?"[!\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)|[\t ,]+$/y;

function tagsOf(headers: Readonly<Record<string, unknown>>, name: string): Tags | undefined {
  const header = headers[name];
  if (header === undefined) return undefined;
  const text = String(header).trim();
  if (text === "*") return "*";
  const tags: string[] = [];
  for (TAG.lastIndex = 0; TAG.lastIndex < text.length; ) {
    const found = TAG.exec(text);
    if (found === null) throw malformed(name);
    if (found[1] !== undefined) tags.push(found[1]);
  }
  if (tags.length === 0) throw malformed(name);
  return tags;
}

function malformed(name: string): PersonaError {
  return new PersonaError("malformed_request", `${name} takes what an ETag header said, in its quotes, or *.`);
}
