/** The machine slept while a fleet ran: its clock is moved forward at once. */
import { expect, it } from "vitest";
import { enroll, gated, openHouse, outcomeOf, pass } from "./harness.ts";

const NIGHT = 8 * 3_600_000;

it("ends no turn in flight before its time, and says once that the clock was moved", async () => {
  const { cognition, heard, release } = gated();
  const { runtime, clock, warnings } = await openHouse({ cognition });
  await enroll(runtime, "ada", { settings: { deadlineMs: 60_000 } });
  await enroll(runtime, "max", { settings: { deadlineMs: 60_000 } });
  const answered = outcomeOf(runtime.send("ada", "in time", { from: "user:1" }));
  const late = outcomeOf(runtime.send("max", "too late", { from: "user:1", expiresInMs: NIGHT }));
  await pass(clock, 40_000);
  expect(heard).toEqual(["in time", "too late"]);

  clock.step(NIGHT);
  await pass(clock, 19_999);
  expect(warnings).toEqual([
    {
      code: "clock_stepped",
      message: "The clock was moved forward by 28800 s: the machine slept, or its clock was set",
    },
  ]);
  expect(heard.length, "nobody was asked again").toBe(2);
  release();
  expect(await answered).toBe("in time");
  await pass(clock, 1);
  expect(await late).toMatch(/^dead: .*max did not answer within 60 s$/);
  expect(warnings.length).toBe(1);
});

it("has what waits for a moment go on at once", async () => {
  const { runtime, clock } = await openHouse();
  const until = clock.now() + NIGHT;
  await enroll(runtime, "ada", { settings: { paused: true } });
  await enroll(runtime, "max");
  const expired = outcomeOf(runtime.send("ada", "hello", { from: "user:1", expiresInMs: NIGHT }));
  await runtime.configure("max", { sleep: { mode: "sleeping", until } });
  const answered = outcomeOf(runtime.send("max", "hello", { from: "user:1" }));
  await pass(clock, 1_000);
  expect(runtime.status("max")).toMatchObject({ held: "asleep", heldUntil: until });
  clock.step(NIGHT);
  expect(await answered).toBe("hello");
  expect(await expired).toBe("dead: The item was given up (expired)");
});
