import { hash } from "node:crypto";

/** A number from 1 to 2^52 that stands for a text: the first bits of its SHA-256. */
export function fingerprint(text: string): number {
  return Number.parseInt(hash("sha256", text, "hex").slice(0, 13), 16) || 1;
}
