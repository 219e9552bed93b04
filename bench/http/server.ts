/** Side of the server: this package as it is served, or a bare fastify route that answers as much and does nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { createRuntime } from "../../src/index.ts";
import { createApp } from "../../src/server.ts";
import { assertRows } from "../path/rows.ts";
import { assertCounts } from "../path/workload.ts";
import { answerTo } from "./calls.ts";

export interface ServerOptions {
  readonly kind: "bare" | "memory" | "file";
  readonly personas: number;
  readonly folder?: string | undefined;
}

/** What the parent asks. */
export type Ask = { readonly await: number } | { readonly close: number };

const { kind, personas, folder }: ServerOptions = JSON.parse(process.argv[2] ?? "{}");
const side = kind === "bare" ? await bare() : await whole(kind);
process.send?.({ port: side.port, secret: side.secret });
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

/** Answers each message as the other would, without having done anything. */
async function bare() {
  const app = fastify();
  let number = 0;
  const accepted = () => {
    number += 1;
    const id = `01a51a5e-0000-7000-8000-${String(number).padStart(12, "0")}`;
    return { message_id: id, conversation_id: id, items: [{ id, persona: "p100" }], refused: [], replayed: false };
  };
  app.post("/v1/personas/:id/messages", async (_request, reply) => reply.code(202).send(accepted()));
  app.post<{ Body: { messages: unknown[] } }>("/v1/messages", async ({ body }) => ({
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
  await Promise.all(Array.from({ length: personas }, (_, n) => runtime.enroll({ id: `p${n}`, name: `Persona ${n}` })));
  let answered = 0;
  let waiting: { readonly count: number; readonly resolve: (at: number) => void } | undefined;
  const look = () => {
    if (waiting === undefined || answered < waiting.count) return;
    waiting.resolve(performance.timeOrigin + performance.now());
    waiting = undefined;
  };
  runtime.observe(({ outcome, items }) => {
    if (outcome === "answered") answered += items;
    look();
  });
  const app = await createApp(runtime, {
    auth: { mode: "required" },
    limits: { tiers: { enterprise: { requestsPerMinute: 1_000_000_000 } } },
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  // A service speaks for users, as the backend of a site would.
  const { secret } = await runtime.keys.create({ user: "backend", role: "service", name: "bench" });
  return {
    port: (app.server.address() as AddressInfo).port,
    secret,
    /** When so many messages had been answered, since the start. */
    answered: (count: number) =>
      new Promise<number>((resolve) => {
        waiting = { count, resolve };
        look();
      }),
    async close(total: number) {
      await app.close();
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
