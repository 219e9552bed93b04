/** At most so many characters, and none of them half a surrogate pair. */
export function shorten(text: string, length: number): string {
  return (text.length <= length ? text : `${text.slice(0, length - 1)}…`).toWellFormed();
}
