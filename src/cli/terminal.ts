/** Text for a terminal. */

/** Control characters but tabs and line breaks: what a persona says must not move the cursor or recolour the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: They are what this is about.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** As it is when the output is no terminal; else without control characters. */
export function printable(text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  return stream.isTTY === true ? text.replace(CONTROLS, "") : text;
}

/** Rows under a head, in columns; a number stands at the right of its column. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => `${row[column] ?? ""}`.length)),
  );
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === "number" ? `${cell}`.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}
