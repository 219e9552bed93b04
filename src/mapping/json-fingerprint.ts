/** The same for the same JSON, in whatever order its fields stand. */
import { hash } from "node:crypto";

export function jsonFingerprint(value: unknown): string {
  return hash("sha256", JSON.stringify(value, sorted), "base64url");
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
