/** How a provider says when it wants to be called again. */

/**
 * Milliseconds from now: `retry-after-ms`, or `retry-after` in seconds or as a date (which is compared with the
 * provider's own clock where it tells it). Undefined if it says nothing that can be understood.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = numberOf(headers["retry-after-ms"]);
  if (ms !== undefined) return ms;
  const said = headers["retry-after"]?.trim();
  const seconds = numberOf(said);
  if (seconds !== undefined) return seconds * 1_000;
  if (said === undefined || !DATE.test(said)) return undefined;
  const at = Date.parse(said);
  if (Number.isNaN(at)) return undefined;
  const theirs = Date.parse(headers["date"] ?? "");
  return Math.max(0, at - (Number.isNaN(theirs) ? now : theirs));
}

/** `Date.parse` would take `-5` and `soon 5` for days too, long ago. */
const DATE = /\d{1,2}:\d{2}:\d{2}/;

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}
