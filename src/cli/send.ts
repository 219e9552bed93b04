/** `persona-runtime send`: says something to a persona, and shows what it answers. */
import { randomUUID } from "node:crypto";
import { text as textOf } from "node:stream/consumers";
import type * as z from "zod";
import type { acceptedSchema, answeredSchema } from "../http/wire/send.ts";
import { Client, type ClientOptions } from "./client.ts";
import { printable } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export interface SendOptions extends ClientOptions {
  readonly wait?: boolean;
  readonly stream?: boolean;
  readonly from?: string;
  readonly lane?: string;
  readonly session?: string;
  readonly idempotencyKey?: string;
}

type Accepted = z.output<typeof acceptedSchema>;
type Answered = z.output<typeof answeredSchema>;

/** As long as the server waits for a reply in one request; then it is asked again. */
const WAIT_SECONDS = 60;

export async function sendCommand(persona: string, words: string, options: SendOptions): Promise<void> {
  const text = words === "-" ? (await textOf(process.stdin)).trimEnd() : words;
  if (text.trim() === "") throw new UsageError("The text is blank.");
  const client = new Client(options);
  const { from, lane, session, idempotencyKey = randomUUID() } = options;
  const path =
    session === undefined
      ? `/v1/personas/${encodeURIComponent(persona)}/messages`
      : `/v1/sessions/${encodeURIComponent(session)}/messages`;
  const body = { text, ...(from === undefined ? {} : { from }), ...(lane === undefined ? {} : { lane }) };
  // The same key again is the same message: whoever asks again gets its reply.
  const post = <Body>(query: string) =>
    client.call<Body>("POST", `${path}${query}`, { body, headers: { "idempotency-key": idempotencyKey } });
  const speaker = options.stream === true ? await listen(client, persona, options) : undefined;
  try {
    const accepted = await post<Accepted>("");
    if (options.wait !== true && speaker === undefined) {
      console.log(
        options.json === true
          ? JSON.stringify(accepted)
          : `Accepted: message ${accepted.message_id}, item ${accepted.items[0]?.id}`,
      );
      return;
    }
    speaker?.follow(accepted.items.map(({ id }) => id));
    let answer: Accepted | Answered = accepted;
    while (!("reply" in answer)) answer = await post<Accepted | Answered>(`?wait=${WAIT_SECONDS}`);
    await speaker?.stop();
    // It was asked for twice, but that is our own doing.
    if (options.json === true) console.log(JSON.stringify({ ...answer, replayed: accepted.replayed }));
    else console.log(printable(rest(answer.reply.text, speaker?.spoken())));
  } finally {
    await speaker?.stop();
  }
}

/** What is still to be printed of a reply of which something was. */
function rest(reply: string, spoken = ""): string {
  if (reply.startsWith(spoken)) return reply.slice(spoken.length);
  return `\n${reply}`;
}

/**
 * Prints the tokens of the turn that takes up the followed items as they come. The stream may be slow, lose tokens, or
 * end: what counts is the reply, and whoever has that prints what is missing.
 */
async function listen(client: Client, persona: string, { json }: SendOptions) {
  const end = new AbortController();
  const events = await client.events({ persona }, end.signal);
  const items = new Set<string>();
  /** Turns that began before the followed items were known. */
  const begun = new Map<string, readonly string[]>();
  const early = new Map<string, string>();
  let turn: string | undefined;
  let spoken = "";
  const speak = (token: string) => {
    spoken += token;
    process.stdout.write(json === true ? `${JSON.stringify({ token })}\n` : printable(token));
  };
  const begin = (id: string) => {
    // An attempt that failed was heard; the next one begins anew.
    if (spoken !== "" && json !== true) process.stdout.write("\n");
    [turn, spoken] = [id, ""];
    const before = early.get(id);
    if (before !== undefined) speak(before);
  };
  const read = async () => {
    for await (const event of events) {
      if (event.type === "turn_started") {
        begun.set(event.turn_id, event.items);
        if (event.items.some((item) => items.has(item))) begin(event.turn_id);
      } else if (event.type === "token") {
        if (event.turn_id === turn) speak(event.token);
        else if (items.size === 0) early.set(event.turn_id, (early.get(event.turn_id) ?? "") + event.token);
      }
    }
  };
  // A stream that breaks only means that nothing more is heard before the reply is there.
  const done = read().catch(() => {});
  return {
    follow(ids: readonly string[]) {
      for (const id of ids) items.add(id);
      for (const [id, taken] of begun) if (taken.some((item) => items.has(item))) begin(id);
      early.clear();
    },
    spoken: () => spoken,
    stop: () => {
      end.abort();
      return done;
    },
  };
}
