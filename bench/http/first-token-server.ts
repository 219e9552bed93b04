/** Side of the server for the first token: a fleet whose personas answer with the provider's model. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { providers } from "../../src/ai.ts";
import { createRuntime } from "../../src/index.ts";
import { createApp } from "../../src/server.ts";

const { baseUrl, folder } = JSON.parse(process.argv[2] ?? "{}") as { baseUrl: string; folder?: string };
const place = mkdtempSync(join(folder ?? tmpdir(), "persona-bench-"));
const local = { kind: "openai-compatible", baseUrl, allowPrivate: true } as const;
const runtime = await createRuntime({ store: join(place, "fleet.db"), providers: await providers({ local }) });
await runtime.enroll({ id: "ada", name: "Ada", instructions: "You are a patient maths tutor.", model: "local:small" });
const app = await createApp(runtime, {
  auth: { mode: "required" },
  limits: { tiers: { enterprise: { requestsPerMinute: 1_000_000_000 } } },
});
await app.listen({ port: 0, host: "127.0.0.1" });
const { secret } = await runtime.keys.create({ user: "backend", role: "service", name: "bench" });
process.send?.({ port: (app.server.address() as AddressInfo).port, secret });
process.once("message", async () => {
  await app.close();
  await runtime.close();
  rmSync(place, { recursive: true });
  process.disconnect();
});
