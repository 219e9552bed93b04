import { expect, test } from "vitest";
import { retryAfterMs } from "../../src/ai/retry-after.ts";

const NOW = Date.UTC(2026, 0, 1);

test.each([
  ["0", 0],
  [" 2.5 ", 2_500],
  ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["Thu, 01 Jan 2015 00:01:00 GMT", 0],
])("%s is understood", (said, expected) => {
  expect(retryAfterMs({ "retry-after": said }, NOW)).toBe(expected);
});

// Each of them is some day long ago to Date.parse: there would be no pause at all.
test.each(["-5", "+5", "soon 5", "minute 1", "-1e9", "", "never"])("%o says nothing", (said) => {
  expect(retryAfterMs({ "retry-after": said }, NOW)).toBeUndefined();
});
