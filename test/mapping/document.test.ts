/** Texts of mappers, YAML or JSON: what they say, and every reason to refuse them, with its line. */
import { expect, it } from "vitest";
import { type FieldFault, PersonaError } from "../../src/errors.ts";
import { MAX_DOCUMENT_BYTES, readDocument } from "../../src/mapping/document.ts";

async function readAs(text: string) {
  const { json, faults } = await readDocument(text);
  expect(faults).toEqual([]);
  return JSON.parse(json);
}

/** Those that leave the rest of it readable, and those that do not. */
async function faultsOf(text: string, maxBytes?: number): Promise<readonly FieldFault[]> {
  const error = await readDocument(text, maxBytes).then(
    ({ faults }) => faults,
    (cause: unknown) => cause,
  );
  if (Array.isArray(error)) return error;
  expect(error).toBeInstanceOf(PersonaError);
  expect((error as PersonaError).code).toBe("invalid_mapper");
  return (error as PersonaError).fields;
}

/** `code field line` */
const told = async (text: string) =>
  (await faultsOf(text)).map(({ code, field, line }) => `${code} ${field} ${line ?? ""}`.trim());

it("reads YAML 1.2: what looks like a date, a yes or an octal number is what it looks like", async () => {
  const text =
    "created: 2024-01-15\nanswer: yes\nnumber: 010\n1: one\ntrue: two\nempty:\n'<<': kept\n__proto__: {a: 1}\n";
  const value = await readAs(text);
  expect(value).toMatchObject({ created: "2024-01-15", answer: "yes", number: 10, 1: "one", true: "two", empty: null });
  expect(Object.keys(value)).toEqual(["1", "created", "answer", "number", "true", "empty", "<<", "__proto__"]);
});

it.each([
  ["JSON", '{"a": [1, {"b:": "x:y {"}],\n "c": {"d": "\\":"}}'],
  ["JSON behind a byte order mark", '\uFEFF{"a": [1, {"b:": "x:y {"}], "c": {"d": "\\":"}}'],
  ["YAML in braces", '{a: [1, {"b:": "x:y {"}], c: {d: \'":\'}}'],
  ["YAML in lines", "a:\n- 1\n- 'b:': 'x:y {'\nc: {d: '\":'}"],
])("reads %s as the same document", async (_language, text) => {
  expect(await readAs(text)).toEqual({ a: [1, { "b:": "x:y {" }], c: { d: '":' } });
});

it("knows the line of everything, and of what is not there that of what it would stand in", async () => {
  const yaml = "a: &x\n  b: [1,\n    2]\nc: *x\nd/e: 5\n";
  const { lines } = await readDocument(yaml);
  const pointers = ["", "/a", "/a/b", "/a/b/1", "/c", "/d~1e", "/a/z/y", "/nowhere"];
  expect(lines(pointers)).toEqual([1, 1, 2, 3, 4, 5, 1, 1]);
  const json = await readDocument('{\n"a": {\n"b": [\n1,\n2]}}');
  expect(json.lines(["/a", "/a/b", "/a/b/1", "/a/b/2/x", "/z", ""])).toEqual([2, 3, 5, 3, 1, 1]);
});

it.each([
  ["YAML", "b:\n  x: 1\n10:\n  - y\n2: z\na: 5\n"],
  ["JSON", '{"b":\n{"x": 1},\n"10": [\n"y"],\n"2": "z",\n"a": 5}'],
])("knows the lines also where names are numbers, which JavaScript puts first, in %s", async (_language, text) => {
  const { lines } = await readDocument(text);
  expect(lines(["/b", "/b/x", "/10", "/10/0", "/2", "/a"])).toEqual([1, 2, 3, 4, 5, 6]);
});

it("knows the lines also where a name stands twice, whose last value counts", async () => {
  const { json, lines } = await readDocument("b:\n  x: 1\n  y: [2]\na: 3\nb:\n  x: 4\nc: 5\n");
  expect(JSON.parse(json)).toEqual({ b: { x: 4 }, a: 3, c: 5 });
  expect(lines(["/b/x", "/a", "/c"])).toEqual([6, 4, 7]);
});

it("knows the lines of JSON however long it is, and whatever stands in its texts", async () => {
  const value = {
    "a/b~c": ['x,"}{][:\\', "\n\u2028", "x".repeat(400_000)],
    rules: Array.from({ length: 3_000 }, (_, at) => ({ id: `r${at}`, deep: [[], {}, [at, null, -1e3]] })),
  };
  const text = `\uFEFF${JSON.stringify(value, null, 2)}`;
  const document = await readDocument(text);
  const last = value.rules.length - 1;
  const rule = `/rules/${last}`;
  const found = document.lines([
    `${rule}/id`,
    `${rule}/deep/2/0`,
    `${rule}/deep/2/2/none`,
    `${rule}/deep/2/2`,
    "/a~1b~0c/1",
  ]);
  const shown = found.map((line) => text.split("\n")[line - 1]?.trim());
  expect(shown).toEqual([`"id": "r${last}",`, `${last},`, "-1000", "-1000", expect.stringMatching(/^"\\n/)]);
});

it.each([
  ["a tag", "a: 1\nb: !!str 5", ["tag /b 2"]],
  ["a tag of a program", "a: !!js/function x\nb: !<tag:x> {c: !y 1}", ["tag /a 1", "tag /b 2", "tag /b/c 2"]],
  ["a merge key", "a: &x {y: 1}\nb:\n  <<: *x", ["merge_key /b 3"]],
  ["a merge key of YAML 1.1", "%YAML 1.1\n---\nb:\n  <<: {y: 1}", ["merge_key /b 4"]],
  ["an alias of nothing", "a: *x", ["alias /a 1"]],
  ["an alias of what it lies in", "a: &x\n  - 1\n  - *x", ["alias /a/1 3"]],
  ["names that stand twice", "a: 1\nb: 2\na: 3", ["duplicate_key /a 3"]],
  ["names that stand twice in JSON", '{"a": {"b": 1,\n"b": 2}}', ["duplicate_key /a/b 2"]],
  ["names that are no texts", "? [1]\n: 2\n~: 3", ["wrong_key  1", "wrong_key  3"]],
  [
    "numbers that are none",
    "a: .nan\nb: [-.inf]\nc: 1e999",
    ["not_finite /a 1", "not_finite /b/0 2", "not_finite /c 3"],
  ],
  ["a number beyond all in JSON", '{"a":\n1e999}', ["not_finite /a 2"]],
  ["two documents", "a: 1\n---\nb: 2", ["syntax  2"]],
  ["half a surrogate pair", "a: \uD800", ["syntax"]],
])("refuses %s", async (_what, text, faults) => {
  expect(await told(text)).toEqual(faults);
});

it("names every fault of a broken text with its line, but no more than a hundred", async () => {
  expect(await told("a: [1, 2\nb: }\nc: 'x")).toEqual(
    expect.arrayContaining([expect.stringMatching(/^syntax {2}\d$/)]),
  );
  expect(await faultsOf("a: !t 1\n".repeat(300))).toHaveLength(100);
});

it("refuses anchors that explode, before they have", async () => {
  const levels = "bcdefghij"
    .split("")
    .map((name, at) => `${name}: &${name} [${Array(10).fill(`*${"abcdefghij"[at]}`)}]`);
  expect(await told(`a: &a [${Array(10).fill("lol")}]\n${levels.join("\n")}`)).toEqual([
    expect.stringMatching(/^too_large \/\w/),
  ]);
  const long = `a: &a ${"x".repeat(10_000)}\nb: [${"*a, ".repeat(1_000)}]`;
  expect(await told(long)).toEqual([expect.stringMatching(/^too_large \/b\/\d+ \d$/)]);
});

it("refuses what is too deep, in brackets and in lines, and takes conditions 32 deep", async () => {
  const deep = (levels: number) => `{"a": ${"[".repeat(levels)}${"]".repeat(levels)}}`;
  expect(await told(deep(100))).toEqual(["too_deep"]);
  expect(await told(deep(100_000))).toEqual(["too_deep"]);
  expect(await told(`a: ${"[".repeat(101)}${"]".repeat(101)}`)).toEqual([expect.stringMatching(/^too_deep .* 1$/)]);
  const nested = (levels: number) => `${"{any: [".repeat(levels)}x${"]}".repeat(levels)}`;
  await expect(readDocument(`a: ${nested(40)}`)).resolves.toBeDefined();
});

it("counts bytes against the limit, and reads what is within it on a thread of its own", async () => {
  expect(await faultsOf("ä".repeat(60), 100)).toEqual([
    { field: "", code: "too_large", message: "a document may be 100 bytes long, not 120" },
  ]);
  expect(await told("x".repeat(MAX_DOCUMENT_BYTES + 1))).toEqual(["too_large"]);
  const rules = Array.from({ length: 2_000 }, (_, at) => `- id: r${at}\n`).join("");
  const { json, lines } = await readDocument(`rules:\n${rules}`);
  expect(JSON.parse(json).rules).toHaveLength(2_000);
  expect(lines(["/rules/1999/id"])).toEqual([2_001]);
  expect(await told(`${rules}- id: !t 1\n- &x [*x]`)).toEqual(["tag /2000/id 2001", "alias /2001/0 2002"]);
});
