/**
 * PostgreSQL keeps any text but the character NUL. So NUL is written as an escape, and the escape, a code point that
 * stands for no character, as itself and another: what comes back is what was given.
 */
const ESCAPE = "\uffff";

export function toStored(text: string): string {
  return text.includes("\0") || text.includes(ESCAPE)
    ? text.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll("\0", `${ESCAPE}0`)
    : text;
}

export function fromStored(text: string): string {
  return text.includes(ESCAPE) ? text.replaceAll(`${ESCAPE}0`, "\0").replaceAll(`${ESCAPE}1`, ESCAPE) : text;
}
