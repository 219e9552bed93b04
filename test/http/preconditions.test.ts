/** What RFC 9110 says of tags, case by case. */
import { expect, it } from "vitest";
import { matchesExactly, matchesRoughly, preconditionsOf } from "../../src/http/preconditions.ts";

const read = (text: string) => preconditionsOf({ "if-match": text }).ifMatch;

it.each<[text: string, tags: "*" | readonly string[]]>([
  ["*", "*"],
  [" * ", "*"],
  ['"a"', ['"a"']],
  ['""', ['""']],
  ['W/"a"', ['W/"a"']],
  ['"a","b"', ['"a"', '"b"']],
  ['"a" , W/"b"\t,"c"', ['"a"', 'W/"b"', '"c"']],
  [', "a",, "b" ,', ['"a"', '"b"']],
  ['"a,b"', ['"a,b"']],
  ['"!#$%&\'()*+-./:;<=>?@[]^_`{|}~"', ['"!#$%&\'()*+-./:;<=>?@[]^_`{|}~"']],
  ['"\u00fc"', ['"\u00fc"']],
])("reads %s", (text, tags) => {
  expect(read(text)).toEqual(tags);
});

it.each([
  "",
  " ",
  ",",
  "a",
  "3",
  '"a',
  'a"',
  '"a" "b"',
  '"a";"b"',
  'w/"a"',
  'W/ "a"',
  "W/a",
  '*, "a"',
  '"a", *',
  '"a b"',
  '"a"b"',
  "'a'",
])("refuses %j", (text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: "malformed_request", status: 400 }));
});

it("reads a list of 10 000 tags, and refuses one that ends badly, in one go", () => {
  const many = Array.from({ length: 10_000 }, (_, n) => `"${n}"`);
  expect(read(many.join(", "))).toEqual(many);
  expect(() => read(`${many.join(", ")}, x`)).toThrow("if-match takes ");
  expect(() => read(`${" ,".repeat(8_000)}x`)).toThrow("if-match takes ");
});

it("writes by strong tags only, and reads by weak ones, too", () => {
  expect(matchesExactly(['"a"', '"b"'], '"b"')).toBe(true);
  expect(matchesExactly(['W/"b"'], '"b"')).toBe(false);
  expect(matchesExactly(['W/"b"'], 'W/"b"')).toBe(false);
  expect(matchesExactly("*", '"b"')).toBe(true);
  expect(matchesExactly("*", undefined)).toBe(false);
  expect(matchesRoughly(['W/"b"'], '"b"')).toBe(true);
  expect(matchesRoughly(['"a"'], '"b"')).toBe(false);
  expect(matchesRoughly("*", undefined)).toBe(false);
});
