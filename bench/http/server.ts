/** Side of the server: this package as it is served, or a fastify route that answers as much and keeps nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify, { type FastifySchema } from "fastify";
import { createRuntime } from "../../src/index.ts";
import { createApp } from "../../src/server.ts";
import { assertRows } from "../path/rows.ts";
import { assertCounts } from "../path/workload.ts";
import { answerTo } from "./calls.ts";

export interface ServerOptions {
  readonly kind: "bare" | "schema" | "memory" | "file";
  /** Whether personas answer at once, or are paused until everything is accepted and measured. */
  readonly answers: boolean;
  readonly personas: number;
  readonly folder?: string | undefined;
}

/** What the parent asks. */
export type Ask = { readonly await: number } | { readonly close: number };

/** As somebody would write them for fastify's own validator and serializer. */
const MESSAGE = {
  type: "object",
  required: ["text", "from"],
  additionalProperties: false,
  properties: {
    persona: { type: "string", minLength: 1, maxLength: 256 },
    text: { type: "string", minLength: 1, maxLength: 65_536 },
    from: { type: "string", minLength: 1, maxLength: 256 },
    lane: { enum: ["voice", "chat", "task", "background"] },
    idempotency_key: { type: "string", minLength: 1, maxLength: 255 },
  },
};
const string = { type: "string" };
const ACCEPTED = {
  type: "object",
  properties: {
    message_id: string,
    conversation_id: string,
    items: { type: "array", items: { type: "object", properties: { id: string, persona: string } } },
    refused: { type: "array", items: { type: "object", properties: { persona: string, code: string } } },
    replayed: { type: "boolean" },
  },
};
const SINGLE: FastifySchema = {
  params: { type: "object", properties: { id: { type: "string", maxLength: 256 } } },
  headers: { type: "object", properties: { "idempotency-key": { type: "string", minLength: 1, maxLength: 255 } } },
  body: MESSAGE,
  response: { 202: ACCEPTED },
};
const ENTRY = { type: "object", properties: { status: { type: "integer" }, accepted: ACCEPTED } };
const BATCH: FastifySchema = {
  body: {
    type: "object",
    required: ["messages"],
    properties: { messages: { type: "array", maxItems: 100, items: MESSAGE } },
  },
  response: { 200: { type: "object", properties: { results: { type: "array", items: ENTRY } } } },
};

const { kind, answers, personas, folder }: ServerOptions = JSON.parse(process.argv[2] ?? "{}");
const side = kind === "bare" || kind === "schema" ? await bare(kind === "schema") : await whole(kind);
process.send?.({ port: side.port, secret: side.secret });
// Also when the benchmark ends before it has said so.
process.once("disconnect", () => process.exit());
process.on("message", async (ask: Ask) => {
  if ("await" in ask) {
    const at = await side.answered(ask.await);
    const { user, system } = process.cpuUsage();
    process.send?.({ at, cpuSeconds: (user + system) / 1e6 });
    return;
  }
  await side.close(ask.close);
  process.disconnect();
});

/** Answers each message as the other would, without having done anything but to parse it, and perhaps to check it. */
async function bare(checked: boolean) {
  const app = fastify();
  let number = 0;
  const accepted = () => {
    number += 1;
    const id = `01a51a5e-0000-7000-8000-${String(number).padStart(12, "0")}`;
    return { message_id: id, conversation_id: id, items: [{ id, persona: "p100" }], refused: [], replayed: false };
  };
  const single = checked ? { schema: SINGLE } : {};
  app.post("/v1/personas/:id/messages", single, async (_request, reply) => reply.code(202).send(accepted()));
  const batch = checked ? { schema: BATCH } : {};
  app.post<{ Body: { messages: unknown[] } }>("/v1/messages", batch, async ({ body }) => ({
    results: body.messages.map(() => ({ status: 202, accepted: accepted() })),
  }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    port: (app.server.address() as AddressInfo).port,
    secret: `pr_${"0".repeat(32)}_${"0".repeat(43)}`,
    answered: async () => 0,
    close: () => app.close(),
  };
}

async function whole(store: "memory" | "file") {
  const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
  const file = join(place, "fleet.db");
  const runtime = await createRuntime({
    store: store === "memory" ? "memory" : file,
    cognition: (turn) => answerTo(turn.text),
    onWarning: (warning) => console.error(warning),
  });
  const ids = Array.from({ length: personas }, (_, n) => `p${n}`);
  // What waits while everybody is paused is neither put aside nor evicted.
  const settings = { paused: !answers, windows: { task: 10_000 } };
  await Promise.all(ids.map((id) => runtime.enroll({ id, name: `Persona ${id}`, settings })));
  let answered = 0;
  let waiting: { readonly count: number; readonly resolve: (at: number) => void } | undefined;
  const look = () => {
    if (waiting === undefined || answered < waiting.count) return;
    waiting.resolve(performance.timeOrigin + performance.now());
    waiting = undefined;
  };
  runtime.observe(({ outcome, items }) => {
    if (outcome !== "answered") throw new Error(`A turn was ${outcome}`);
    answered += items;
    look();
  });
  const app = await createApp(runtime, {
    auth: { mode: "required" },
    limits: { tiers: { enterprise: { requestsPerMinute: 1_000_000_000 } }, maxEventLoopDelayMs: 60_000 },
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  // A service speaks for users, as the backend of a site would.
  const { secret } = await runtime.keys.create({ user: "backend", role: "service", name: "bench" });
  /** When so many messages had been answered, since the start. */
  const untilAnswered = (count: number) =>
    new Promise<number>((resolve) => {
      waiting = { count, resolve };
      look();
    });
  return {
    port: (app.server.address() as AddressInfo).port,
    secret,
    answered: untilAnswered,
    async close(total: number) {
      await app.close();
      assertCounts({ accepted: runtime.status().accepted }, { accepted: total });
      // What was only accepted must be answered all the same, each once.
      if (!answers) await Promise.all(ids.map((id) => runtime.configure(id, { settings: { paused: false } })));
      await untilAnswered(total);
      const { accepted, declined, dead, retried, refused, answered: found } = runtime.status();
      assertCounts(
        { accepted, answered: found, declined, dead, retried, refused },
        { accepted: total, answered: total, declined: 0, dead: 0, retried: 0, refused: 0 },
      );
      await runtime.close();
      if (store === "file") await assertRows(file, total);
      rmSync(place, { recursive: true });
    },
  };
}
