/** Where two values first differ. */

export interface Difference {
  /** `calls[0].options.prompt[1].content` */
  readonly path: string;
  /** As JSON, and of long texts the part that differs. */
  readonly expected: string;
  readonly actual: string;
}

const EXCERPT = 80;
const BEFORE = 20;

export function firstDifference(expected: unknown, actual: unknown, path: string): Difference | undefined {
  if (Object.is(expected, actual)) return undefined;
  if (typeof expected === "string" && typeof actual === "string") return inText(expected, actual, path);
  if (!isTree(expected) || !isTree(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return { path, expected: shown(expected), actual: shown(actual) };
  }
  const isList = Array.isArray(expected);
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const inside = isList ? `${path}[${key}]` : `${path}.${key}`;
    const difference = firstDifference(expected[key], actual[key], inside);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function inText(expected: string, actual: string, path: string): Difference {
  let at = 0;
  while (expected[at] === actual[at]) at += 1;
  const excerpt = (text: string) => {
    const from = Math.max(0, at - BEFORE);
    const part = text.slice(from, from + EXCERPT);
    return `${from > 0 ? "…" : ""}${JSON.stringify(part)}${from + EXCERPT < text.length ? "…" : ""}`;
  };
  return { path, expected: excerpt(expected), actual: excerpt(actual) };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= EXCERPT ? text : `${text.slice(0, EXCERPT)}…`;
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
