import { expect, test } from "vitest";
import { Gate } from "../../src/ai/gate.ts";
import { ManualClock } from "../../src/clock.ts";
import { turns } from "../support/event-loop.ts";

function open(maxConcurrent = 2, jitter = 0.5) {
  const clock = new ManualClock(0);
  const gate = new Gate({ name: "local", maxConcurrent, clock, random: () => jitter });
  const call = (end: "succeed" | "fail") => {
    const lease = gate.enter({});
    lease?.start();
    lease?.[end]();
    return lease !== undefined;
  };
  /** A guest that takes its place as a persona does: when it is called, one turn of the event loop later. */
  const guest = (come = true) => {
    const state = { entered: false, leave: () => {} };
    const me = {};
    gate.wait(me, {
      roams: false,
      runs: false,
      again: () => {
        if (come)
          setImmediate(() => {
            const lease = gate.enter(me);
            state.entered = lease !== undefined;
            state.leave = () => lease?.succeed();
          });
      },
    });
    return state;
  };
  return { clock, gate, call, guest };
}

test("five failures in a row open it for half a minute, then one call may try", async () => {
  const { clock, gate, call } = open();
  for (const end of ["fail", "fail", "fail", "fail", "succeed", "fail", "fail", "fail", "fail"] as const) call(end);
  expect(gate.status()).toMatchObject({ state: "closed", failures: 4 });
  call("fail");
  expect(gate.status()).toMatchObject({ state: "open", failures: 0, halfOpenAt: 30_000, calls: 10, failed: 9 });
  clock.advance(29_999);
  expect([call("succeed"), gate.obstacle, gate.until]).toEqual([false, "provider_open", 30_000]);
  clock.advance(1);
  expect(gate.status()).toMatchObject({ state: "half_open", halfOpenAt: undefined });
  const probe = gate.enter({});
  expect([gate.enter({}), gate.obstacle, gate.until]).toEqual([undefined, "provider_open", undefined]);
  probe?.succeed();
  expect(gate.status()).toMatchObject({ state: "closed", failures: 0 });
});

test("each try that fails doubles the pause, up to ten minutes", () => {
  const { clock, gate, call } = open();
  for (let count = 0; count < 5; count += 1) call("fail");
  const pauses = [];
  for (let tries = 0; tries < 7; tries += 1) {
    pauses.push((gate.until ?? 0) - clock.now());
    clock.advance(pauses.at(-1) ?? 0);
    call("fail");
  }
  expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
  expect(gate.status()).toMatchObject({ state: "open", failures: 7 });
});

test.each([
  [0, 27_000],
  [1, 33_000],
])("the pause is spread by a tenth either way", (jitter, pause) => {
  const { gate, call } = open(2, jitter);
  for (let count = 0; count < 5; count += 1) call("fail");
  expect(gate.until).toBe(pause);
});

test("what began before it opened says nothing about it any more", () => {
  const { clock, gate, call } = open(3);
  const late = [gate.enter({}), gate.enter({})];
  for (let count = 0; count < 5; count += 1) call("fail");
  late[0]?.succeed();
  expect(gate.status().state).toBe("open");
  clock.advance(30_000);
  const probe = gate.enter({});
  late[1]?.fail();
  expect(gate.status()).toMatchObject({ state: "half_open", failures: 0 });
  probe?.succeed();
  expect(gate.status().state).toBe("closed");
});

test("a try that says nothing lets the next one try", () => {
  const { clock, gate, call } = open();
  for (let count = 0; count < 5; count += 1) call("fail");
  clock.advance(30_000);
  gate.enter({})?.drop();
  expect(gate.status().state).toBe("half_open");
  expect(call("succeed")).toBe(true);
});

test("only the first end of a call counts", () => {
  const { gate } = open();
  const lease = gate.enter({});
  lease?.succeed();
  lease?.fail();
  lease?.drop();
  expect(gate.status()).toMatchObject({ inFlight: 0, failed: 0 });
});

test("a throttle is no failure, and holds for as long as was asked", () => {
  const { clock, gate } = open();
  for (let count = 0; count < 6; count += 1) {
    gate.enter({})?.throttle(7_000);
    expect(gate.status()).toMatchObject({ state: "closed", failures: 0, throttledUntil: clock.now() + 7_000 });
    expect([gate.enter({}), gate.obstacle]).toEqual([undefined, "provider_throttled"]);
    clock.advance(7_000);
  }
  expect(gate.status()).toMatchObject({ throttled: 6, failed: 0, throttledUntil: undefined });
});

test("a throttle that does not say for how long doubles, until a call succeeds", () => {
  const { clock, gate, call } = open();
  const pauses = [];
  for (let count = 0; count < 8; count += 1) {
    gate.enter({})?.throttle(undefined);
    pauses.push((gate.until ?? 0) - clock.now());
    clock.advance(pauses.at(-1) ?? 0);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  call("succeed");
  gate.enter({})?.throttle(undefined);
  expect(gate.until).toBe(clock.now() + 1_000);
});

test.each([
  [0, 100],
  [10 ** 12, 600_000],
])("a throttle of %d ms is one of %d", (asked, kept) => {
  const { gate } = open();
  gate.enter({})?.throttle(asked);
  expect(gate.until).toBe(kept);
});

test("it lets in so many at once, and the others in the order in which they came", async () => {
  const { gate, guest } = open(2);
  const inside = [gate.enter({}), gate.enter({})];
  expect([gate.enter({}), gate.obstacle]).toEqual([undefined, "provider_busy"]);
  const [first, second, third] = [guest(), guest(), guest()];
  await turns();
  expect(gate.status()).toMatchObject({ inFlight: 2, waiting: 3 });
  inside[0]?.succeed();
  // Whoever comes now does not take the place of the one that was called.
  expect(gate.enter({})).toBeUndefined();
  await turns();
  expect([first.entered, second.entered, third.entered]).toEqual([true, false, false]);
  first.leave();
  inside[1]?.drop();
  await turns();
  expect([second.entered, third.entered]).toEqual([true, true]);
  expect(gate.status()).toMatchObject({ inFlight: 2, waiting: 0 });
});

test("who is called and does not come loses the turn to the next", async () => {
  const { gate, guest } = open(1);
  const lease = gate.enter({});
  guest(false);
  guest(false);
  const third = guest();
  lease?.succeed();
  await turns();
  expect(third.entered).toBe(true);
});

test("who waits is called by one timer when it opens a little, one at a time", async () => {
  const { clock, call, guest } = open(4);
  for (let count = 0; count < 5; count += 1) call("fail");
  const guests = Array.from({ length: 10 }, () => guest());
  await turns();
  expect(guests.filter(({ entered }) => entered)).toHaveLength(0);
  clock.advance(30_000);
  await turns();
  expect(guests.map(({ entered }) => entered).indexOf(false)).toBe(1);
  guests[0]?.leave();
  await turns();
  // It is closed again: as many as it has room for.
  expect(guests.filter(({ entered }) => entered)).toHaveLength(5);
});

test("turns that run come before personas that would begin one; who may go elsewhere is sent there when it shuts", async () => {
  const { gate, guest, call } = open(1);
  const lease = gate.enter({});
  const outside = guest();
  const called: string[] = [];
  gate.wait({}, { roams: true, runs: true, again: () => called.push("runs") });
  const cancel = gate.wait({}, { roams: true, runs: false, again: () => called.push("cancelled") });
  cancel();
  lease?.succeed();
  expect(called).toEqual(["runs"]);
  await turns();
  expect(outside.entered).toBe(true);
  outside.leave();
  gate.wait({}, { roams: true, runs: false, again: () => called.push("elsewhere") });
  await turns();
  expect(called).toEqual(["runs", "elsewhere"]);
  await turns();
  const other = gate.enter({});
  gate.wait({}, { roams: true, runs: false, again: () => called.push("sent away") });
  gate.wait({}, { roams: false, runs: false, again: () => called.push("stays") });
  other?.throttle(5_000);
  expect(called).toEqual(["runs", "elsewhere", "sent away"]);
  expect([call("succeed"), gate.status().waiting]).toEqual([false, 1]);
});
