/** How each database is asked for the narratives of a person that contain one of several words. */

/** Shorter words are found whole only. */
export const PREFIX_LENGTH = 3;

export interface WordIndex {
  /** Of a `narrative`, with a place for what `expression` makes. */
  readonly condition: string;
  /**
   * @param words As `wordsOf` gives them: letters and digits only.
   * @param owner As `personHash` gives it.
   */
  expression(words: readonly string[], owner: string): string;
}

/** Quoted, words are only words: none is an operator of the index's own language. */
export const FTS5: WordIndex = {
  condition: "key IN (SELECT rowid FROM narrative_index WHERE narrative_index MATCH ?)",
  expression: (words, owner) => {
    const quoted = words.map((word) => `"${word.replaceAll('"', '""')}"${isPrefix(word) ? "*" : ""}`);
    return `owner : "${owner}" AND words : (${quoted.join(" OR ")})`;
  },
};

export const TSQUERY: WordIndex = {
  condition: "lexemes @@ CAST(? AS tsquery)",
  expression: (words) =>
    words.map((word) => `'${word.replaceAll(/['\\]/g, "$&$&")}'${isPrefix(word) ? ":*" : ""}`).join(" | "),
};

function isPrefix(word: string): boolean {
  return [...word].length >= PREFIX_LENGTH;
}
