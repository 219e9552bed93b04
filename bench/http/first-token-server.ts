/** Side of the server for the first token: a fleet whose personas answer with the provider's model. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { providers } from "../../src/ai.ts";
import { createRuntime } from "../../src/index.ts";
import { createApp } from "../../src/server.ts";
import { median } from "../support/results.ts";

export interface FirstTokenServerOptions {
  readonly store: "memory" | "file";
  readonly baseUrl: string;
  readonly folder?: string | undefined;
}

const { store, baseUrl, folder } = JSON.parse(process.argv[2] ?? "{}") as FirstTokenServerOptions;
const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
const local = { kind: "openai-compatible", baseUrl, allowPrivate: true } as const;
const runtime = await createRuntime({
  store: store === "memory" ? "memory" : join(place, "fleet.db"),
  providers: await providers({ local }),
});
await runtime.enroll({ id: "ada", name: "Ada", instructions: "You are a patient maths tutor.", model: "local:small" });
const app = await createApp(runtime, {
  auth: { mode: "required" },
  limits: { tiers: { enterprise: { requestsPerMinute: 1_000_000_000 } }, maxEventLoopDelayMs: 60_000 },
});
await app.listen({ port: 0, host: "127.0.0.1" });
const { secret } = await runtime.keys.create({ user: "backend", role: "service", name: "bench" });
process.send?.({ port: (app.server.address() as AddressInfo).port, secret });
// Also when the benchmark ends before it has said so.
process.once("disconnect", () => process.exit());
process.on("message", async (ask: "flush" | "close") => {
  if (ask === "flush") return void process.send?.(flushMs());
  await app.close();
  await runtime.close();
  rmSync(place, { recursive: true });
  process.disconnect();
});

/** What the disk alone takes for as much as a commit writes; median of a hundred. */
function flushMs(): number {
  const file = openSync(join(place, "flushed"), "w");
  const pages = Buffer.alloc(3 * 4_096);
  const times = Array.from({ length: 100 }, (_, n) => {
    writeSync(file, pages, 0, pages.length, n * pages.length);
    const began = performance.now();
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return median(times);
}
