import { expect, it } from "vitest";
import { soundsFinished } from "../../src/voice.ts";

it.each<[string, boolean]>([
  ["Book a table.", true],
  ["book a table for two", true],
  ["Ist es offen?", true],
  ["好的。", true],
  ["I would like a", false],
  ["well …", false],
  ["Moment, ähm", false],
  ["", false],
  ["\ud800", false],
])("%j sounds finished: %s", (words, finished) => {
  expect(soundsFinished(words)).toBe(finished);
});

it("what is no text is refused", () => {
  for (const words of [undefined, 7, ["a."]] as unknown[] as string[]) {
    expect(() => soundsFinished(words)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  }
});
