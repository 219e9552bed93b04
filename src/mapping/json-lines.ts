/** Where values of a JSON text stand. */

/** A value that is looked for: as far as its way was found, in which line. */
interface Wanted {
  readonly steps: readonly string[];
  line: number;
}

/** A list or a table that is being read. */
interface Open {
  /** What is looked for in it, at this step of its way. */
  readonly wanted: readonly Wanted[];
  readonly step: number;
  /** Of a list: the place of its next value. */
  next: number | undefined;
  /** Of a table: the name that was read last, as it is written, and where; undefined once it has its value. */
  name: string | undefined;
  line: number;
}

/**
 * The line of the value at each JSON pointer, counted from 1, or of its name if it has one; of a value that is not there
 * that of what it would stand in. The text must be valid. Nothing is made of what nobody looks for: a megabyte takes
 * milliseconds.
 */
export function jsonLines(text: string, pointers: readonly string[]): readonly number[] {
  const all = pointers.map((pointer): Wanted => ({ steps: pointer.split("/").slice(1), line: 1 }));
  const opened: Open[] = [];
  let line = 1;
  /** A value begins. */
  const begin = (): readonly Wanted[] => {
    const around = opened.at(-1);
    const found = around === undefined ? all : wantedIn(around);
    const at = around === undefined || around.next !== undefined ? line : around.line;
    for (const wanted of found) wanted.line = at;
    if (around?.next !== undefined) around.next += 1;
    if (around !== undefined) around.name = undefined;
    return found;
  };
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at] ?? "";
    const around = opened.at(-1);
    if (mark === "\n") line += 1;
    else if (mark === "{" || mark === "[") {
      const next = mark === "[" ? 0 : undefined;
      opened.push({ wanted: begin(), step: opened.length, next, name: undefined, line });
    } else if (mark === "}" || mark === "]") opened.pop();
    else if (!BETWEEN.test(mark)) {
      const end = mark === '"' ? endOfText(text, at) : endOfWord(text, at);
      if (around !== undefined && around.next === undefined && around.name === undefined) {
        around.name = text.slice(at, end);
        around.line = line;
      } else begin();
      at = end - 1;
    }
  }
  return all.map((wanted) => wanted.line);
}

/** A name as a step of a pointer. */
export const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

const BETWEEN = /[\s,:]/;
const NONE: readonly Wanted[] = [];

function wantedIn({ wanted, step, next, name }: Open): readonly Wanted[] {
  if (wanted.length === 0) return NONE;
  const here = next === undefined ? escaped(JSON.parse(name ?? '""') as string) : String(next);
  return wanted.filter(({ steps }) => steps[step] === here);
}

/** Behind the quote that ends it. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function endOfWord(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && !/[\s,\]}]/.test(text[at] ?? "")) at += 1;
  return at;
}
