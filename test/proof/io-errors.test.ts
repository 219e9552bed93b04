/**
 * The disk fails while the built server serves: strace lets chosen system calls on the files of its database fail. Every
 * request is answered, with what was accepted or with a coded problem; what was accepted has one outcome, and what
 * was refused is nowhere.
 */
import { spawn } from "node:child_process";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { MAIN, type Serving, serving, UNHURRIED } from "../support/command-line.ts";
import { until } from "../support/event-loop.ts";
import { needs } from "../support/needs.ts";
import { nextStartAnswers } from "../support/next-start.ts";
import { audit } from "./audit.ts";
import { failing, used } from "./failing-disk.ts";

needs("strace");

const TALKERS = 12;
const REQUESTS = 300;
/** A disk that has not failed by then never will. */
const MOST_REQUESTS = 10_000;

function serveFailing(file: string, inject: string): ReturnType<typeof spawn> {
  const [command = "", ...words] = [...failing(file, inject), process.execPath, MAIN, "serve", "--port", "0"];
  return spawn(command, [...words, "--store", file, "--grace-ms", "3000", ...UNHURRIED], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

interface Talk {
  asked: number;
  /** Texts and items of what was accepted, in the order of the answers. */
  readonly accepted: { text: string; item: string }[];
  readonly refused: { text: string; code: string; status: number }[];
  /** Of the last answer that refused: how many had been accepted by then. */
  acceptedAtLastRefusal: number;
}

/** Asks until it is over, and at least REQUESTS times; each request must be answered. */
async function talk(server: Serving, isOver: (seen: Talk) => boolean = () => true): Promise<Talk> {
  const seen: Talk = { asked: 0, accepted: [], refused: [], acceptedAtLastRefusal: 0 };
  await Promise.all(
    Array.from({ length: TALKERS }, async (_, talker) => {
      while (seen.asked < REQUESTS || (!isOver(seen) && seen.asked < MOST_REQUESTS)) {
        seen.asked += 1;
        const text = `request ${seen.asked} by ${talker}`;
        const persona = talker % 2 === 0 ? "ada" : "mira";
        const response = await fetch(
          `${server.url}/v1/personas/${persona}/messages${talker % 3 === 0 ? "?wait=3" : ""}`,
          {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ text, from: `user:${talker}` }),
          },
        );
        const said = (await response.json()) as { items: { id: string }[]; code: string };
        if (response.ok) {
          for (const { id } of said.items) seen.accepted.push({ text, item: id });
          continue;
        }
        expect(response.headers.get("content-type")).toContain("application/problem+json");
        seen.refused.push({ text, code: said.code, status: response.status });
        seen.acceptedAtLastRefusal = seen.accepted.length;
      }
    }),
  );
  return seen;
}

/** The texts of what people said, as the file has them. */
function spoken(file: string): string[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare<[], string>("SELECT text FROM message WHERE sender_kind = 'human'").pluck().all();
  } finally {
    database.close();
  }
}

describe("for a while", () => {
  it.each([
    ["pwrite64", "ENOSPC", "60..75", ["store_full"]],
    ["pwrite64", "EIO", "61..90", ["store_unavailable"]],
    ["pwrite64", "EIO", "50..600+37", ["store_unavailable"]],
    ["pwrite64", "ENOSPC", "400..440", ["store_full"]],
    ["fsync,fdatasync", "EIO", "3..12", ["store_unavailable"]],
    ["fsync,fdatasync", "ENOSPC", "10..25", ["store_unavailable", "store_full"]],
  ])("%s fails with %s (%s)", async (calls, error, when, codes) => {
    const file = await used();
    const server = await serving(serveFailing(file, `${calls}:error=${error}:when=${when}`));
    // How many writes there are for a request is a matter of how many come together.
    const isOver = ({ accepted, refused, acceptedAtLastRefusal }: Talk) =>
      refused.length > 0 && accepted.length > acceptedAtLastRefusal + TALKERS;
    const { accepted, refused, acceptedAtLastRefusal } = await talk(server, isOver);
    console.log(`${accepted.length} accepted, ${refused.length} refused`);
    expect(refused.length).toBeGreaterThan(0);
    expect(codes).toEqual(expect.arrayContaining([...new Set(refused.map(({ code }) => code))]));
    expect(accepted.length).toBeGreaterThan(acceptedAtLastRefusal);
    // What fails now may still be the writing of a reply.
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 200);
    server.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
    audit(file);
    expect(spoken(file).toSorted()).toEqual(accepted.map(({ text }) => text).toSorted());
    await nextStartAnswers(
      file,
      accepted.map(({ item }) => item),
    );
    expect(audit(file)).toMatchObject({ undecided: 0, declined: 0, dead: 0 });
  });
});

describe("for good", () => {
  it.each([
    ["pwrite64", "ENOSPC", "SIGTERM"],
    ["pwrite64", "EIO", "SIGKILL"],
    ["fsync,fdatasync", "EIO", "SIGTERM"],
    ["fsync,fdatasync", "EIO", "SIGKILL"],
  ] as const)("%s fails with %s until %s", async (calls, error, signal) => {
    const file = await used();
    const server = await serving(serveFailing(file, `${calls}:error=${error}:when=40+`));
    const { accepted, refused } = await talk(server);
    expect(refused.at(-1)?.code).toMatch(/^store_(full|unavailable)$/);
    if (signal === "SIGTERM") {
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    }
    server.kill(signal);
    expect((await server.ended).code).toBe(signal === "SIGTERM" ? 0 : null);
    const there = new Set(spoken(file));
    expect(accepted.filter(({ text }) => !there.has(text))).toEqual([]);
    // Whether a commit whose flush failed is on the disk, only the next write would settle: there was none.
    const uncertain = signal === "SIGKILL" && calls === "fsync,fdatasync" ? TALKERS : 0;
    const found = refused.filter(({ text }) => there.has(text));
    console.log(`${accepted.length} accepted, ${refused.length} refused, of which ${found.length} are there`);
    expect(found.length).toBeLessThanOrEqual(uncertain);
    expect(refused.slice(-uncertain || refused.length)).toEqual(expect.arrayContaining(found));
    await nextStartAnswers(
      file,
      accepted.map(({ item }) => item),
    );
    expect(audit(file)).toMatchObject({ undecided: 0, declined: 0, dead: 0 });
  });
});
