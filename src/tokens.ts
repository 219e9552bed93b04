/** The one estimate of how many tokens a text is. */

/** A provider's tokenizer would say it exactly; four bytes of UTF-8 are a usual token of English. */
const BYTES_PER_TOKEN = 4;

export const utf8Bytes = (text: string): number => Buffer.byteLength(text, "utf8");

export function estimateTokens(text: string): number {
  return Math.ceil(utf8Bytes(text) / BYTES_PER_TOKEN);
}
