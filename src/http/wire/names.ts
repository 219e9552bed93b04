/** The wire says `max_queued` where the library says `maxQueued`; that is all the difference for most shapes. */

type WireName<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${WireName<Rest>}`
  : "";

type LibraryName<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<LibraryName<Rest>>}`
  : Name;

type InWireNames<Shape> = { [Name in keyof Shape as WireName<Name & string>]: Shape[Name] };
type InLibraryNames<Shape> = { [Name in keyof Shape as LibraryName<Name & string>]: Shape[Name] };

export function wireName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function libraryName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The same values under the names of the wire; what is inside of them stays as it is. */
export function inWireNames<Shape extends object>(shape: Shape): InWireNames<Shape> {
  return Object.fromEntries(Object.entries(shape).map(([name, value]) => [wireName(name), value])) as never;
}

/** The way back. */
export function inLibraryNames<Shape extends object>(shape: Shape): InLibraryNames<Shape> {
  return Object.fromEntries(Object.entries(shape).map(([name, value]) => [libraryName(name), value])) as never;
}
