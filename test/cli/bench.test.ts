import { expect, onTestFinished, test } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { serve } from "../../src/server.ts";
import { personaRuntime, UNHURRIED_LIMITS } from "../support/command-line.ts";

const FEW = ["--messages", "300", "--personas", "3", "--at-once", "20"];

test("a runtime in memory is measured, and every reply checked", async () => {
  const { stdout, stderr, code } = await personaRuntime("bench", ...FEW);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toMatch(
    /^300 messages to 3 personas, 20 at once, in memory: .*\n[\d ]+ messages\/s; .* p50 \d+\.\d\d ms/,
  );
});

test("a server is measured with personas of its own, which are gone afterwards", async () => {
  const runtime = await createRuntime({ store: "memory" });
  const server = await serve({ runtime, port: 0, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await Promise.all([server.close(), runtime.close({ graceMs: 0 })]);
  });
  const { stdout } = await personaRuntime("bench", ...FEW, "--url", server.url, "--json");
  const result = JSON.parse(stdout) as { per_second: number; seconds: number; p50_ms: number; p99_ms: number };
  expect(result).toMatchObject({ messages: 300, personas: 3, at_once: 20 });
  expect(result.per_second).toBeCloseTo(300 / result.seconds);
  expect(result.p50_ms).toBeLessThanOrEqual(result.p99_ms);
  expect(runtime.personas()).toEqual([]);
  expect(runtime.status()).toMatchObject({ accepted: 600, answered: 600 });
});

test("what does not answer is no result", async () => {
  const runtime = await createRuntime({ store: "memory", cognition: () => ({ decline: "no" }) });
  const server = await serve({ runtime, port: 0, limits: UNHURRIED_LIMITS });
  onTestFinished(async () => {
    await Promise.all([server.close(), runtime.close({ graceMs: 0 })]);
  });
  const { code, stdout, stderr } = await personaRuntime("bench", ...FEW, "--url", server.url);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^persona-runtime: declined: /);
  expect(runtime.personas()).toEqual([]);
});
