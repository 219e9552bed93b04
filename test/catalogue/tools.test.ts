import { expect, test } from "vitest";
import { offeredTools, unknownTools } from "../../src/catalogue/tools.ts";
import { roleOf, sequenceOf, sessionOf, steps } from "./entries.ts";

test.each([
  [undefined, ["map"], ["map"]],
  [undefined, [], []],
  [["map", "phone"], [], ["map", "phone"]],
  [["map", "phone"], ["phone", "radio"], ["phone"]],
  [[], ["map"], []],
  [["map"], ["radio"], []],
])("with the allow-list %o, a persona that may call %o is offered %o", (allowed, own, offered) => {
  const session = sessionOf({ role: allowed === undefined ? {} : { tool_allowlist: allowed } });
  expect(offeredTools(session, own)).toEqual(offered);
});

test("without a session a persona is offered its own tools", () => {
  expect(offeredTools(undefined, ["map"])).toEqual(["map"]);
});

test("tools that nobody has registered are named, each once, with who names them", () => {
  const roles = [roleOf({ tool_allowlist: ["map", "phone"] }), roleOf({ id: "plain" })];
  const sequences = [sequenceOf({ steps: steps(3, { require_tools: ["map", "radio"] }) })];
  expect(unknownTools({ roles, sequences }, (name) => name === "map")).toEqual([
    { kind: "role", id: "guide", names: ["phone"] },
    { kind: "sequence", id: "tour", names: ["radio"] },
  ]);
  expect(unknownTools({ roles, sequences }, () => true)).toEqual([]);
});
