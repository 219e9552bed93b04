/**
 * Where a text that somebody wrote begins and ends inside of a prompt. Texts stay as they are; the delimiters are
 * chosen so that no text contains them.
 */

/**
 * `base`, or `base-2`, `base-3`…: the first that none of the texts uses as the name of a tag. Spelled in capitals or
 * with blanks it counts as used too: a model may read it so.
 */
export function freeTag(base: string, texts: readonly string[]): string {
  const pattern = new RegExp(`<\\s*/?\\s*${base}(?:-(\\d{1,9}))?`, "gi");
  // Most texts of a long history have no tag at all.
  const tagged = texts.filter((text) => text.includes("<"));
  const used = new Set(tagged.flatMap((text) => [...text.matchAll(pattern)].map(([, number]) => Number(number ?? 1))));
  let number = 1;
  while (used.has(number)) number += 1;
  return number === 1 ? base : `${base}-${number}`;
}

/** The text in a tag of this name, or the next one that none of the texts contains. */
export function fence(base: string, text: string, texts: readonly string[]): string {
  const tag = freeTag(base, texts);
  return `<${tag}>\n${text}\n</${tag}>`;
}

/** On one line between double quotes, with nothing in it that could end the quotes or look like a tag. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>\u007f-\u009f\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
