/** The time of day where a person is. */

/** IANA zones, as this Node.js knows them. */
export function isZone(name: string): boolean {
  return formatOf(name) !== undefined;
}

/** The local hour, 0..23, at a moment in a zone (daylight saving included). Throws a RangeError for an unknown zone. */
export function hourAt(at: number, zone: string): number {
  const format = formatOf(zone);
  if (format === undefined) throw new RangeError(`Unknown zone ${zone}`);
  return Number(format.format(at));
}

export type Period = "morning" | "afternoon" | "evening" | "night";

/** Half-open: morning from 5, afternoon from 12, evening from 17, night from 21 until 5. */
export function periodOf(hour: number): Period {
  if (hour < 5 || hour >= 21) return "night";
  if (hour < 12) return "morning";
  return hour < 17 ? "afternoon" : "evening";
}

/** A formatter takes a hundred times as long to make as to use, and there are some 600 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Offsets are no zones: they know no daylight saving. Links count: `Asia/Calcutta`. */
function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known !== undefined || !/^[A-Za-z]/.test(zone)) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", hourCycle: "h23" });
    if (formats.size < 1_000) formats.set(zone, format);
    return format;
  } catch {
    return undefined;
  }
}

/** The local calendar day around a moment, in milliseconds since 1970: from its midnight up to the next one. */
export function dayAround(at: number, zone: string): { readonly from: number; readonly to: number } {
  const offset = offsetAt(at, zone);
  const local = new Date(at + offset);
  const midnight = (days: number) => {
    const wall = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days);
    // The clocks may change between then and now.
    return wall - offsetAt(wall - offset, zone);
  };
  return { from: midnight(0), to: midnight(1) };
}

/** How far the zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const second = Math.floor(at / 1_000) * 1_000;
  const parts = wallFormatOf(zone).formatToParts(second);
  const of = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - second;
}

const wallFormatOf = (zone: string) =>
  new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
