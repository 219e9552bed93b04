/**
 * `node together.ts WHAT`: a million items come due in the same millisecond, while two others talk: one by voice, again
 * and again, and one once, by chat. Prints what was counted; drives are calls of the native cycle, one for each turn of
 * the event loop at most.
 */
import { setImmediate } from "node:timers/promises";
import { type Addon, loadAddon } from "../../../src/addon.ts";
import { ManualClock } from "../../../src/clock.ts";
import * as layout from "../../../src/layout.ts";
import { PersonaRuntime } from "../../../src/runtime/runtime.ts";
import { openMemoryStore } from "../../../src/store/memory.ts";
import type { FedItem } from "../../../src/store/port.ts";
import type { Cognition, Lane } from "../../../src/types.ts";
import { instead } from "../../support/instead.ts";

/** What comes due: items are given up, items may be tried again, turns have taken too long. */
export type What = "expiries" | "cooldowns" | "leases";

export interface Wait {
  readonly answered: number;
  /** From sending to the reply, at worst. */
  readonly drives: number;
  /** Turns and settlements of others in between, at worst. */
  readonly others: number;
}

export interface Counted {
  /** Until all that was due had been handed out. */
  readonly drives: number;
  /** Handed out by one drive, at most. */
  readonly most: number;
  readonly total: number;
  readonly voice: Wait;
  readonly chat: Wait;
  readonly longestDriveMs: number;
  readonly longestLoopMs: number;
}

const LATER_MS = 60_000;
/** A room is as large as it may be, and each persona is in so few that native memory holds all it has. */
const MEMBERS = 1_000;
const PERSONAS = 5_000;
const ROOMS = 1_000;
/** A fleet has at most 65 536 turns at once, and keeps some of them for other lanes. */
const LEASE_ROOMS = 32;

/** The others begin to talk when so many have been handed out: the wheel first moves all timers to its lowest level. */
const UNDER_WAY = 10_000;

const what = process.argv[2] as What;
const clock = new ManualClock();
const due = clock.now() + LATER_MS;

const counted = { drives: 0, most: 0, total: 0, longestDriveMs: 0 };
const addon = loadAddon();
const { fleetDrive } = addon;
Object.assign(addon, {
  fleetDrive(...words: Parameters<Addon["fleetDrive"]>) {
    const start = performance.now();
    fleetDrive(...words);
    counted.longestDriveMs = Math.max(counted.longestDriveMs, performance.now() - start);
    counted.drives += 1;
    const batch = words[4];
    const fields = [layout.HEAD_TURNS, layout.HEAD_SETTLEMENTS, layout.HEAD_EXPIRED];
    const handedOut = fields.reduce((sum, field) => sum + (batch[field] ?? 0), 0);
    counted.most = Math.max(counted.most, handedOut);
    counted.total += handedOut;
  },
});

const store = await openMemoryStore({ clock });
let filling = true;
const held = (item: FedItem) => (filling ? { ...item, notBefore: due } : item);
const runtime = await PersonaRuntime.start({
  // A retry's own moment has a jitter; here all have the same.
  store:
    what === "cooldowns" ? instead(store, { feed: (sink) => store.feed((items) => sink(items.map(held))) }) : store,
  clock,
  seed: 1,
  maxTurnsInFlight: 65_536,
  maxHops: 8,
});

const cognition: Cognition = what === "leases" ? () => new Promise(() => {}) : () => ({ decline: "nothing to say" });
const personas = Array.from({ length: PERSONAS }, (_, n) => `p${n}`);
for (const id of personas) {
  const settings = { maxParallelTurns: 1_024, deadlineMs: LATER_MS, paused: what === "expiries" };
  await runtime.enroll({ id, name: "Persona", cognition, settings });
}
for (const id of ["by-voice", "by-chat"]) await runtime.enroll({ id, name: "Bystander", cognition: () => "here" });

const rooms = what === "leases" ? LEASE_ROOMS : ROOMS;
for (let n = 0; n < rooms; n += 1) {
  const first = (n * MEMBERS) % PERSONAS;
  const members = personas.slice(first, first + MEMBERS);
  const room = await runtime.createRoom({ members });
  const expiry = what === "expiries" ? { expiresInMs: LATER_MS } : {};
  await runtime.post(room.id, "Anybody?", { from: "user:7", ...expiry });
}
const state = what === "leases" ? "inFlight" : "queued";
while (runtime.status()[state] < rooms * MEMBERS) await setImmediate();
filling = false;

let over = false;
async function ask(lane: Lane, again: boolean): Promise<Wait> {
  const wait = { answered: 0, drives: 0, others: 0 };
  do {
    const { drives, total } = counted;
    await runtime.send(`by-${lane}`, "Are you there?", { from: "user:7", lane });
    wait.answered += 1;
    wait.drives = Math.max(wait.drives, counted.drives - drives);
    wait.others = Math.max(wait.others, counted.total - total - 1);
  } while (again && !over);
  return wait;
}

Object.assign(counted, { drives: 0, most: 0, total: 0, longestDriveMs: 0 });
clock.advance(LATER_MS);
// The others come when it is under way.
while (counted.total < UNDER_WAY) await setImmediate();
const talks = Promise.all([ask("voice", true), ask("chat", false)]);
let longestLoopMs = 0;
for (let before = performance.now(), now = before; counted.total < rooms * MEMBERS; before = now) {
  await setImmediate();
  now = performance.now();
  longestLoopMs = Math.max(longestLoopMs, now - before);
}
over = true;
const [voice, chat] = await talks;
console.log(JSON.stringify({ ...counted, voice, chat, longestLoopMs } satisfies Counted));
// What hangs would be waited for.
process.exit();
