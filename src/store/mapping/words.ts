/**
 * The words of a text as they are compared: in lower case, without accents, without punctuation. Scripts that write no
 * blanks between words go by the character. Both databases index exactly these, so the same words find the same texts.
 */

/** Longer ones are cut, in texts and queries alike. */
const MAX_LENGTH = 64;

const UNSPACED = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
  .map((script) => `\\p{Script=${script}}`)
  .join("");
const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}])+`, "gu");

/** In their order, each as often as it stands there. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").normalize("NFC");
  return (plain.match(WORD) ?? []).map((word) => [...word].slice(0, MAX_LENGTH).join(""));
}
