/** Names that stand twice in one object of a JSON text, of which a parser quietly keeps the last. */

const [COLON, BACKSLASH, BLANK] = [0x3a, 0x5c, 0x20];

/** One that does. A text has then more names than its value, so that it is enough to count them: far less than to parse. */
export function repeatedName(text: string, value: unknown): string | undefined {
  let more = 0;
  eachNameIn(text, () => {
    more += 1;
  });
  eachNameOf(value, () => {
    more -= 1;
  });
  if (more === 0) return undefined;
  const counts = new Map<string, number>();
  const count = (name: string, by: 1 | -1) => counts.set(name, (counts.get(name) ?? 0) + by);
  eachNameIn(text, (from, to) => count(JSON.parse(text.slice(from, to)), 1));
  eachNameOf(value, (name) => count(name, -1));
  return [...counts].find(([, left]) => left > 0)?.[0];
}

/** Of a valid text: the strings that a colon follows, with their quotes. */
function eachNameIn(text: string, found: (from: number, to: number) => void): void {
  for (let from = text.indexOf('"'); from !== -1; ) {
    let end = text.indexOf('"', from + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    let next = end + 1;
    while (text.charCodeAt(next) <= BLANK) next += 1;
    if (text.charCodeAt(next) === COLON) found(from, end + 1);
    from = text.indexOf('"', next);
  }
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** However deep they lie. */
function eachNameOf(value: unknown, found: (name: string) => void): void {
  const open = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one !== "object" || one === null) continue;
    if (Array.isArray(one)) {
      for (const inner of one) if (typeof inner === "object") open.push(inner);
      continue;
    }
    for (const name in one) {
      found(name);
      const inner = (one as Readonly<Record<string, unknown>>)[name];
      if (typeof inner === "object") open.push(inner);
    }
  }
}
