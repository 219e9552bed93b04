/** Text for a terminal. */

/** Control characters but tabs and line breaks: what a persona says must not move the cursor or recolour the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: They are what this is about.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** As it is when the output is no terminal; else without control characters. */
export function printable(text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  return stream.isTTY === true ? text.replace(CONTROLS, "") : text;
}
