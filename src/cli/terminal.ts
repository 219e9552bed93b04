/** Text for a terminal. */

/** Control characters but tabs and line breaks: what a persona says must not move the cursor or recolour the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: They are what this is about.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** As it is when the output is no terminal; else without control characters. */
export function printable(text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  return stream.isTTY === true ? text.replace(CONTROLS, "") : text;
}

/** At most so many characters. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Rows under a head, in columns; those of the columns in `right` stand at its right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const cell = (text: string, at: number) =>
    right.includes(at) ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  return [head, ...rows].map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
