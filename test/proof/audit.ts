/** Looks into a database that nobody has open, past all our code: is everything that was stored whole? */
import Database from "better-sqlite3";
import { expect } from "vitest";

/** Each gives the rows that contradict it. */
const RULES: Record<string, string> = {
  "every item of every message is undecided or has its one outcome": `
    WITH RECURSIVE item (key, rest) AS (
      SELECT first_item, item_count FROM message WHERE item_count > 0
      UNION ALL SELECT key + 1, rest - 1 FROM item WHERE rest > 1)
    SELECT key FROM item
    WHERE (key IN (SELECT key FROM inbox)) + (key IN (SELECT item FROM outcome)) <> 1`,
  "there is no item without its message, with which it came unless it replays another": `
    SELECT item FROM (
      SELECT key AS item, message, replay_of FROM inbox UNION ALL SELECT item, message, replay_of FROM outcome)
    LEFT JOIN message ON message.key = message
    WHERE message.key IS NULL OR (replay_of IS NULL) <> (item BETWEEN first_item AND first_item + item_count - 1)`,
  "what is replayed is dead, of the same message, and replayed once": `
    SELECT replay.item FROM (
      SELECT key AS item, message, replay_of FROM inbox UNION ALL SELECT item, message, replay_of FROM outcome) AS replay
    LEFT JOIN outcome AS replayed ON replayed.item = replay.replay_of
    WHERE replay.replay_of IS NOT NULL
    GROUP BY replay.replay_of HAVING count(*) <> 1 OR replayed.outcome IS NOT 'dead' OR replayed.message <> replay.message`,
  "each dead letter is of a dead item that was not replayed": `
    SELECT item FROM dead_letter
    WHERE item NOT IN (SELECT item FROM outcome WHERE outcome = 'dead')
      OR item IN (SELECT replay_of FROM inbox UNION ALL SELECT replay_of FROM outcome)`,
  "what was answered has a turn that answered it, with a reply": `
    SELECT item FROM outcome LEFT JOIN turn ON turn.key = outcome.turn LEFT JOIN message ON message.key = turn.reply
    WHERE outcome.outcome = 'answered' AND (turn.outcome IS NOT 'answered' OR message.turn IS NOT turn.key
      OR item NOT IN (SELECT value FROM json_each(items)))`,
  "what a turn answered is answered, by it alone": `
    SELECT turn.key, value FROM turn, json_each(items) LEFT JOIN outcome ON outcome.item = value
    WHERE turn.outcome = 'answered' AND (outcome.outcome IS NOT 'answered' OR outcome.turn <> turn.key)`,
  "there is one reply for each turn that answered, and no other": `
    SELECT turn FROM message WHERE turn IS NOT NULL
    GROUP BY turn HAVING count(*) <> 1 OR turn NOT IN (SELECT key FROM turn WHERE outcome = 'answered')`,
  "what is dead has failed or been cut off alone three times, or been cut off once if its persona asks": `
    SELECT item FROM outcome JOIN enrollment ON enrollment.key = outcome.persona
    WHERE outcome = 'dead' AND reason <> 'expired' AND NOT (
      reason = 'unknown_outcome' AND iif(json_array_length(definition, '$.settings.tools') > 0,
        definition ->> '$.settings.onUnknownOutcome' IN ('auto', 'ask'),
        definition ->> '$.settings.onUnknownOutcome' = 'ask')
    ) AND 3 <> (
      SELECT count(*) FROM turn WHERE items = '[' || item || ']' AND outcome IN ('failed', 'timeout', 'unknown'))`,
  "the counts are those of the rows": `
    SELECT * FROM database WHERE waiting + in_turn <> (SELECT count(*) FROM inbox)
      OR answered <> (SELECT count(*) FROM outcome WHERE outcome = 'answered')
      OR declined <> (SELECT count(*) FROM outcome WHERE outcome = 'declined')
      OR dead <> (SELECT count(*) FROM outcome WHERE outcome = 'dead')`,
};

export interface Found {
  readonly undecided: number;
  readonly answered: number;
  readonly declined: number;
  readonly dead: number;
}

export function audit(file: string): Found {
  const database = new Database(file, { readonly: true });
  try {
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    for (const [rule, sql] of Object.entries(RULES)) expect(database.prepare(sql).all(), rule).toEqual([]);
    return database
      .prepare("SELECT waiting + in_turn AS undecided, answered, declined, dead FROM database")
      .get() as Found;
  } finally {
    database.close();
  }
}
