/** A page of the terminal that is drawn again and again, and the keys that are pressed meanwhile. */

export type Key = "q" | "s" | "n" | "p";

export interface Screen {
  rows(): number;
  /** Only as many lines as there are rows; what is wider than the terminal is cut off. */
  draw(lines: readonly string[]): void;
  /** The next key that means something, also one from before; undefined after `ms`, or when the size changes. */
  key(ms: number): Promise<Key | undefined>;
  /** Aborts with the key that quits, so that nothing is waited for any more. */
  readonly quit: AbortSignal;
  /** The terminal as it was. */
  close(): void;
}

/** The other page of the terminal, without a cursor, and without breaking lines that are too long. */
const OPEN = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const CLOSE = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** What is pressed; Ctrl+C comes as a key, since the terminal is asked for keys and not for lines. */
const KEYS: Readonly<Record<string, Key>> = {
  q: "q",
  "\u0003": "q",
  s: "s",
  n: "n",
  " ": "n",
  "\u001b[6~": "n",
  "\u001b[B": "n",
  p: "p",
  "\u001b[5~": "p",
  "\u001b[A": "p",
};

/** One key: a character, or what a terminal sends for a key without one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Escape begins what such a key sends.
const SEQUENCE = /\u001b\[[\d;]*[A-Za-z~]|./gsu;

export function screen({ stdin, stdout } = process): Screen {
  const quit = new AbortController();
  const pressed: Key[] = [];
  let wake = () => {};
  const press = (key: Key) => {
    pressed.push(key);
    if (key === "q") quit.abort();
    wake();
  };
  const data = (bytes: Buffer) => {
    // Keys that were pressed quickly come together.
    for (const [sequence] of bytes.toString("utf8").matchAll(SEQUENCE)) {
      const key = KEYS[sequence];
      if (key !== undefined) press(key);
    }
  };
  const resized = () => wake();
  const ended = () => press("q");
  stdin.setRawMode(true);
  stdin.resume().on("data", data).on("end", ended);
  stdout.on("resize", resized);
  process.on("SIGINT", ended).on("SIGTERM", ended);
  stdout.write(OPEN);
  return {
    rows: () => stdout.rows,
    draw(lines) {
      const shown = lines.slice(0, stdout.rows).map((line) => `${line}\u001b[K`);
      stdout.write(`\u001b[H${shown.join("\r\n")}\u001b[J`);
    },
    async key(ms) {
      if (pressed.length > 0) return pressed.shift();
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
      return pressed.shift();
    },
    quit: quit.signal,
    close() {
      stdin.off("data", data).off("end", ended).pause().setRawMode(false);
      stdout.off("resize", resized).write(CLOSE);
      process.off("SIGINT", ended).off("SIGTERM", ended);
    },
  };
}
