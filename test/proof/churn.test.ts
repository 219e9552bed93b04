/**
 * A server whose personas come, talk and go for PERSONA_SOAK_MINUTES (default 2), over HTTP and by the library: what it
 * holds stays as it is. What grows by design is measured apart: the database by its messages.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { execute, temporaryFolder } from "../support/command-line.ts";
import type { Holding } from "./children/churn.ts";

const CHILD = fileURLToPath(new URL("./children/churn.ts", import.meta.url));
const MINUTES = Number(process.env["PERSONA_SOAK_MINUTES"] ?? 2);
/** Only in a long run caches, of up to 100 000 entries, are full by half time: in a short one the same personas come again. */
const NAMES = MINUTES < 20 ? 40 : Number.MAX_SAFE_INTEGER;

/**
 * Bytes by which the last quarter may hold more than the one before, on average: what collections leave to chance, and
 * native memory to how many rooms there were in ten minutes.
 */
const MAY_GROW = { native: 64 * 2 ** 10, heap: 8 * 2 ** 20, resident: 32 * 2 ** 20 } as const;
/** Of these the second half may never have more at once than the first had. */
const MAY_NOT_GROW = ["handles", "files", "threads"] as const;
/** The log of the database is moved into it from 16 MiB on, when nobody reads from it. */
const LOG_BYTES = 64 * 2 ** 20;

it(
  `${MINUTES} minutes of coming and going`,
  async () => {
    const store = join(temporaryFolder(), "kept.db");
    const { code, stdout, stderr } = await execute(process.execPath, [
      "--expose-gc",
      CHILD,
      store,
      `${MINUTES}`,
      `${NAMES}`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const samples = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Holding);
    const parts = [0, 1, 2, 3].map((part) =>
      samples.slice((part * samples.length) / 4, ((part + 1) * samples.length) / 4),
    );
    const means = (what: keyof Holding) =>
      parts.map((part) => Math.round(part.reduce((sum, sample) => sum + sample[what], 0) / part.length));
    const mosts = (what: keyof Holding) => parts.map((part) => Math.max(...part.map((sample) => sample[what])));
    const last = samples.at(-1);
    console.log(`${last?.rounds} rounds, ${last?.decided} messages; of each quarter`);
    for (const what of ["native", "heap", "resident"] as const) console.log(`mean ${what}:`, means(what).join(" "));
    for (const what of [...MAY_NOT_GROW, "log"] as const) console.log(`most ${what}:`, mosts(what).join(" "));

    for (const [what, most] of Object.entries(MAY_GROW) as [keyof typeof MAY_GROW, number][]) {
      const [, , third = 0, fourth = 0] = means(what);
      expect(fourth - third, what).toBeLessThan(most);
    }
    for (const what of MAY_NOT_GROW) {
      const [first = 0, second = 0, third = 0, fourth = 0] = mosts(what);
      expect(Math.max(third, fourth), what).toBeLessThanOrEqual(Math.max(first, second) + 8);
    }
    expect(Math.max(...mosts("log"))).toBeLessThan(LOG_BYTES);
    const [early, middle] = [samples[Math.floor(samples.length / 4)], samples[Math.floor(samples.length / 2)]];
    const perMessage = (from: Holding | undefined, to: Holding | undefined) =>
      ((to?.database ?? 0) - (from?.database ?? 0)) / ((to?.decided ?? 0) - (from?.decided ?? 0));
    console.log(`${Math.round(perMessage(early, last))} bytes of database for each message`);
    expect(perMessage(middle, last)).toBeLessThan(1.5 * perMessage(early, middle));
  },
  MINUTES * 60_000 + 300_000,
);
