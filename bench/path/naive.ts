/**
 * Case: the server that one writes first. An array of messages per persona and an async loop over it, in memory; each
 * message is inserted into a table when it arrives, on the spot. No reply, outcome or attempt is stored.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { measured } from "../support/isolated.ts";
import { type Cost, costOf } from "../support/meter.ts";
import { assertCounts, converse, messageAt, replyTo, type Workload } from "./workload.ts";

interface Queued {
  readonly text: string;
  readonly resolve: (reply: string) => void;
}

type Options = Workload & { readonly synchronous: "FULL" | "NORMAL"; readonly folder?: string };

await measured(async ({ synchronous, folder, ...workload }: Options): Promise<Cost> => {
  const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
  const database = new Database(join(place, "naive.db"));
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  database.exec("CREATE TABLE message (id INTEGER PRIMARY KEY, persona TEXT, user TEXT, text TEXT, at INTEGER) STRICT");
  const insert = database.prepare("INSERT INTO message (persona, user, text, at) VALUES (?, ?, ?, ?)");
  const inboxes = new Map<string, Queued[]>();
  const busy = new Set<string>();
  const handler = async (text: string) => replyTo(text);

  const send = (persona: string, user: string, text: string): Promise<string> => {
    insert.run(persona, user, text, Date.now());
    return new Promise((resolve) => {
      const inbox = inboxes.get(persona) ?? [];
      inboxes.set(persona, inbox);
      inbox.push({ text, resolve });
      if (!busy.has(persona)) void work(persona, inbox);
    });
  };
  const work = async (persona: string, inbox: Queued[]) => {
    busy.add(persona);
    for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) next.resolve(await handler(next.text));
    busy.delete(persona);
  };

  try {
    const { messages, personas } = workload;
    const sendNumber = (n: number) => {
      const { persona, user, text } = messageAt(n, workload);
      return send(`p${persona}`, `user:${user}`, text);
    };
    // Nothing has to be opened here; these are for the compiler.
    const opening = personas;
    await converse(workload, { first: 0, count: opening }, sendNumber);
    const cost = await costOf(() => converse(workload, { first: opening, count: messages }, sendNumber));
    const found = database.prepare("SELECT count(*) AS messages FROM message").get() as Record<string, number>;
    assertCounts(found, { messages: opening + messages });
    return cost;
  } finally {
    database.close();
    rmSync(place, { recursive: true });
  }
});
