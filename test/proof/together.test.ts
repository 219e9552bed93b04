/** A million items that come due in the same millisecond stall nobody: what one call does is bounded, and others talk. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { execute } from "../support/command-line.ts";
import type { Counted, What } from "./children/together.ts";

const CHILD = fileURLToPath(new URL("./children/together.ts", import.meta.url));
/** Of one drive: timers fired (of which all may be leases), settlements and turns handed out. */
const MOST = 4_096 + 256 + 128;
/** A persona's share of one round of the ring, and the personas in it. */
const ROUND = 20 * 5_000;

it.each<[What, total: number, chatBehind: number]>([
  ["expiries", 1_000_000, MOST],
  ["cooldowns", 1_000_000, ROUND + MOST],
  ["leases", 32_000, MOST],
])("%s: %i at once", async (what, total, chatBehind) => {
  const { code, stdout, stderr } = await execute(process.execPath, ["--max-old-space-size=8192", CHILD, what]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const counted = JSON.parse(stdout) as Counted;
  console.log(what, counted);
  expect(counted.total).toBeGreaterThanOrEqual(total);
  expect(counted.most).toBeLessThanOrEqual(MOST);
  // Whoever speaks is answered with the next drive or the one after it, however many are due.
  expect(counted.voice.drives).toBeLessThanOrEqual(2);
  expect(counted.voice.answered).toBeGreaterThan(counted.drives / 4);
  // Whoever writes has to wait for those who came due before, for one share of each.
  expect(counted.chat.others).toBeLessThanOrEqual(chatBehind);
});
