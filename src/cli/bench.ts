/** `persona-runtime bench`: how many messages are answered in a second, here and now. */
import { randomUUID } from "node:crypto";
import type * as z from "zod";
import { PersonaError } from "../errors.ts";
import type { answeredSchema } from "../http/wire/send.ts";
import { createRuntime } from "../index.ts";
import { Client } from "./client.ts";
import { grouped } from "./top-view.ts";

export interface BenchOptions {
  /** Of a server; without it a runtime in memory is measured. */
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
  readonly messages: number;
  readonly personas: number;
  readonly atOnce: number;
}

/** What is measured: it answers a text with a reply that is checked. */
interface Subject {
  readonly what: string;
  say(persona: string, text: string): Promise<string>;
  close(): Promise<void>;
}

export async function benchCommand(options: BenchOptions): Promise<void> {
  const { messages, personas, atOnce } = options;
  const ids = Array.from({ length: personas }, (_, n) => `bench-${randomUUID().slice(0, 8)}-${n}`);
  const subject = await (options.url === undefined
    ? inMemory(ids)
    : ofServer(new Client({ ...options, url: options.url }), ids));
  try {
    // What is compiled on the way is not part of what is measured.
    await run(subject, ids, Math.min(messages, 500), atOnce);
    const { seconds, latencies } = await run(subject, ids, messages, atOnce);
    latencies.sort();
    const at = (part: number) => latencies[Math.min(messages - 1, Math.floor(part * messages))] ?? 0;
    const perSecond = messages / seconds;
    const result = {
      what: subject.what,
      messages,
      personas,
      at_once: atOnce,
      seconds,
      per_second: perSecond,
      p50_ms: at(0.5),
      p99_ms: at(0.99),
    };
    if (options.json === true) console.log(JSON.stringify(result));
    else {
      console.log(
        `${grouped(messages)} messages to ${grouped(personas)} personas, ${grouped(atOnce)} at once, ${subject.what}`,
      );
      console.log(
        `${grouped(Math.round(perSecond))} messages/s; from send to reply p50 ${at(0.5).toFixed(2)} ms, p99 ${at(0.99).toFixed(2)} ms`,
      );
      console.log("Each reply was checked. This is this machine, now; `npm run bench` of a checkout compares.");
    }
  } finally {
    await subject.close();
  }
}

/** Texts that come back: so nobody is measured for answering something else. */
const textOf = (n: number) => `Message ${n}`;

async function run(subject: Subject, ids: readonly string[], messages: number, atOnce: number) {
  const latencies = new Float64Array(messages);
  // All of them take from one iterator.
  const numbers = Array.from({ length: messages }, (_, n) => n).values();
  const begun = performance.now();
  const work = async () => {
    for (const n of numbers) {
      const sent = performance.now();
      const reply = await subject.say(ids[n % ids.length] ?? "", textOf(n));
      latencies[n] = performance.now() - sent;
      if (reply === "") throw new PersonaError("internal", "There was no reply");
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, messages) }, work));
  return { seconds: (performance.now() - begun) / 1000, latencies };
}

async function inMemory(ids: readonly string[]): Promise<Subject> {
  const runtime = await createRuntime({ store: "memory" });
  for (const id of ids) await runtime.enroll({ id, name: id, cognition: ({ text }) => text });
  return {
    what: "in memory: nothing is written, and a function answers with what was said",
    say: async (persona, text) => {
      const { text: reply } = await runtime.send(persona, text, { from: "user:bench" });
      // Messages that waited together have one reply, which names the newest.
      return reply.startsWith("Message ") ? reply : "";
    },
    close: () => runtime.close({ graceMs: 0 }),
  };
}

type Answered = z.output<typeof answeredSchema>;

/** Personas of its own, which are gone afterwards; what was said to them stays in the server's database. */
async function ofServer(client: Client, ids: readonly string[]): Promise<Subject> {
  const enrolled: string[] = [];
  const close = async () => {
    await Promise.all(enrolled.map((id) => client.call("DELETE", `/v1/enrollments/${id}?mode=return`)));
  };
  try {
    for (const id of ids) {
      await client.call("PUT", `/v1/enrollments/${id}`, { body: { name: id } });
      enrolled.push(id);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    what: "over HTTP: with the server's store, and whatever answers there for personas without a model",
    say: async (persona, text) =>
      (await client.call<Answered>("POST", `/v1/personas/${persona}/messages?wait=60`, { body: { text } })).reply.text,
    close,
  };
}
