/** The clock of a machine that sleeps, and whose own clock is set. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { after, clockOf, ManualClock, systemClock } from "../src/clock.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

/** A clock over a machine whose time a test moves. */
function openMachine() {
  let ahead = 0;
  return {
    clock: clockOf({ wall: () => Date.now() + ahead, monotonic: () => Date.now() }),
    run: (ms: number) => void vi.advanceTimersByTime(ms),
    /** It sleeps, or its clock is set: neither its timers nor what counts the time since its start know. */
    set(ms: number) {
      ahead += ms;
    },
  };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: START }));
afterEach(() => void vi.useRealTimers());

it("is the same one wherever a process asks for it, and tells the time", () => {
  expect(systemClock()).toBe(systemClock());
  const before = Date.now();
  const now = systemClock().now();
  expect(Number.isInteger(now)).toBe(true);
  expect(now).toBeGreaterThanOrEqual(before - 1_000);
});

it("is moved forward at once when the machine is more than a second ahead", () => {
  const { clock, run, set } = openMachine();
  run(10);
  expect(clock.now()).toBe(START + 10);
  set(1_000);
  expect([clock.now(), clock.stepped]).toEqual([START + 10, 0]);
  set(1);
  expect([clock.now(), clock.stepped]).toEqual([START + 1_011, 1_001]);
  set(8 * HOUR);
  run(5);
  expect([clock.now(), clock.stepped]).toEqual([START + 8 * HOUR + 1_016, 8 * HOUR + 1_001]);
});

it("goes slower while it is ahead of the machine, and never back", () => {
  const { clock, run, set } = openMachine();
  run(100);
  expect(clock.now()).toBe(START + 100);
  set(-HOUR);
  expect(clock.now()).toBe(START + 100);
  run(1_000);
  expect(clock.now()).toBe(START + 1_000);
  run(9 * HOUR);
  expect(clock.now()).toBe(START + 1_000 + 8.1 * HOUR);
  run(2 * HOUR);
  expect(clock.now()).toBe(START + 1_100 + 10 * HOUR);
  expect(clock.stepped).toBe(0);
});

it("has caught up when a clock that was wrong for a while is right again", () => {
  const { clock, run, set } = openMachine();
  set(-365 * 24 * HOUR);
  run(100_000);
  expect(clock.now()).toBe(START + 90_000);
  set(365 * 24 * HOUR);
  expect([clock.now(), clock.stepped]).toEqual([START + 100_000, 10_000]);
});

it("rings for a moment within a minute after the machine has slept over it", () => {
  const { clock, run, set } = openMachine();
  const rung: number[] = [];
  clock.at(START + HOUR, () => rung.push(clock.now()));
  run(1_000);
  set(8 * HOUR);
  run(58_999);
  expect(rung).toEqual([]);
  run(1);
  expect(rung).toEqual([START + 8 * HOUR + 60_000]);
  run(HOUR);
  expect(rung.length).toBe(1);
});

it("rings when its own time has come, however slow it goes", () => {
  const { clock, run, set } = openMachine();
  set(-HOUR);
  const rung: number[] = [];
  clock.at(START + 90_000, () => rung.push(clock.now()));
  run(99_999);
  expect(rung).toEqual([]);
  run(2);
  expect(rung).toEqual([START + 90_000]);
});

it("keeps no alarm that was cancelled, between its looks either", () => {
  const { clock, run } = openMachine();
  const cancel = clock.at(START + HOUR, () => expect.unreachable());
  const impatient = after(clock, HOUR, () => expect.unreachable());
  run(90_000);
  cancel();
  impatient();
  expect(vi.getTimerCount()).toBe(0);
});

it("lets no patience run out in its sleep", () => {
  const { clock, run, set } = openMachine();
  const rung: number[] = [];
  after(clock, 300_000, () => rung.push(clock.now()));
  run(100_000);
  set(HOUR);
  run(1_000);
  set(HOUR);
  run(198_999);
  expect(rung).toEqual([]);
  run(1);
  expect(rung).toEqual([START + 2 * HOUR + 300_000]);
});

it("is moved by hand as by a sleep", () => {
  const clock = new ManualClock(START);
  const rung: string[] = [];
  clock.at(START + 1_000, () => rung.push(`moment at ${clock.now() - START}`));
  after(clock, 1_000, () => rung.push(`patience at ${clock.now() - START}`));
  const cancel = after(clock, 1_000, () => expect.unreachable());
  clock.step(5_000);
  expect([clock.now(), clock.stepped]).toEqual([START + 5_000, 5_000]);
  expect(rung).toEqual(["moment at 5000"]);
  cancel();
  clock.advance(999);
  expect(rung.length).toBe(1);
  clock.advance(1);
  expect(rung).toEqual(["moment at 5000", "patience at 6000"]);
  expect(clock.stepped).toBe(5_000);
});
