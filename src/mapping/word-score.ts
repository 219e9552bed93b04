import { PREFIX_LENGTH } from "../store/mapping/word-index.ts";
import { wordsOf } from "../store/mapping/words.ts";

/** What a word counts for that the text only begins with. */
const BEGUN = 0.8;

/** How much of a query stands in a text, 0..1: 1 if each of its words does. */
export function wordScore(query: readonly string[], text: string): number {
  const asked = new Set(query);
  if (asked.size === 0) return 0;
  const words = new Set(wordsOf(text));
  let score = 0;
  for (const word of asked) {
    if (words.has(word)) score += 1;
    else if ([...word].length >= PREFIX_LENGTH && [...words].some((other) => other.startsWith(word))) score += BEGUN;
  }
  return score / asked.size;
}
