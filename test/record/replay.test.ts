import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { providers } from "../../src/ai.ts";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, type ReplayReport, replay } from "../../src/index.ts";
import type { Cognition, PersonaWarning } from "../../src/types.ts";
import { at, KEY, openServer } from "../ai/harness.ts";
import { outcomeOf, pass } from "../runtime/harness.ts";
import { tempFolder } from "../store/temp-folder.ts";
import { turns, until } from "../support/event-loop.ts";
import { breakOff, hang, refuse, say } from "../support/model-server.ts";

const own: Cognition = async (turn) => {
  const history = await turn.history();
  turn.stream("I heard ");
  return `I heard ${turn.text} after ${history.length} messages`;
};

/** A run with a provider that answers, refuses, breaks off and hangs; rehearsals; and a function. */
async function recorded(): Promise<string> {
  const file = join(tempFolder(), "turns.jsonl");
  const server = await openServer(say(["Two ", "and ", "two."]));
  const clock = new ManualClock();
  const models = await providers({ local: at(server) }, { clock, seed: 1 });
  const runtime = await createRuntime({ store: "memory", clock, seed: 7, providers: models, record: file });
  await runtime.enroll({ id: "ada", name: "Ada", instructions: "Teach maths.", model: "local:m" });
  await runtime.enroll({ id: "max", name: "Max", cognition: own });
  await runtime.enroll({ id: "eva", name: "Eva", instructions: "Only rehearse." });
  await runtime.send("ada", "What is 2 + 2?", { from: "user:7" });
  await runtime.send("ada", "And again?", { from: "user:7" });
  await runtime.send("eva", "Are you there?", { from: "user:7" });
  await runtime.send("max", "Hello", { from: "user:7" });
  for (const respond of [refuse(400), breakOff(["Well, "], "cut")]) {
    server.respond = respond;
    const answer = outcomeOf(runtime.send("ada", "Once more", { from: "user:8", expiresInMs: 500 }));
    await until(() => runtime.status("ada").inFlight === 0 && runtime.status().queued > 0);
    await pass(clock, 600);
    expect(await answer).toMatch("expired");
  }
  server.respond = hang;
  void outcomeOf(runtime.send("ada", "Hang", { from: "user:9" }));
  const before = server.requests.length;
  await until(() => server.requests.length > before);
  await turns();
  await runtime.close({ graceMs: 0 });
  return file;
}

/** The network is off: whoever calls somebody fails the test. */
function offline(): void {
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(() => expect.unreachable("the network is off"));
  onTestFinished(() => spy.mockRestore());
}

const lines = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n");

function altered(file: string, change: (text: string) => string): string {
  const copy = join(tempFolder(), "altered.jsonl");
  const text = readFileSync(file, "utf8");
  const other = change(text);
  expect(other).not.toBe(text);
  writeFileSync(copy, other);
  return copy;
}

it("runs a recorded provider again offline, identically, and names what was changed", async () => {
  const file = await recorded();
  offline();
  const text = readFileSync(file, "utf8");
  expect(text).not.toContain(KEY);
  expect(text).not.toMatch(/authorization|x-api-key/i);
  expect(JSON.parse(lines(file)[0] ?? "")).toMatchObject({ type: "header", format: 1, seed: 7 });

  const report = await replay(file);
  expect(report).toMatchObject({ turns: 7, identical: 6, different: 0, difference: undefined });
  expect(report.leftOut).toEqual({ "the function of max is the host's": 1 });
  expect(await replay(file, { cognition: own })).toMatchObject({ turns: 7, identical: 7, different: 0, leftOut: {} });

  const otherwise: Cognition = (turn) => `I heard ${turn.text}`;
  const different = (await replay(file, { cognition: otherwise })).difference;
  expect(different).toMatchObject({ persona: "max", path: "out.text", actual: '"I heard Hello"' });

  const changes: [from: string, to: string, difference: Partial<ReplayReport["difference"]> | object][] = [
    // Of the provider's stream, of what was said to the persona, of its instructions, of what came out, of a clock.
    ['"delta":"and "', '"delta":"add "', { path: "out.text", expected: '"Two and two."', actual: '"Two add two."' }],
    [
      '"text":"What is 2 + 2?","at"',
      '"text":"What is 2 + 3?","at"',
      { path: expect.stringMatching(/^calls\[0\].options.prompt/) },
    ],
    [
      '"instructions":"Teach maths.","model":"local:m"}',
      '"instructions":"Teach mathz.","model":"local:m"}',
      { path: expect.stringMatching(/^calls\[0\].options/) },
    ],
    ['"Only rehearse."},', '"Only rehearsed."},', { persona: "eva", path: "out.text" }],
    ['"streamed":["Two "', '"streamed":["Too "', { path: "out.streamed[0]" }],
    ['"maxOutputTokens":4096', '"maxOutputTokens":4095', { path: expect.stringContaining("maxOutputTokens") }],
    ['"items":["0', '"items":["1', { path: "sha256" }],
  ];
  for (const [from, to, difference] of changes) {
    const changed = await replay(altered(file, (whole) => whole.replace(from, to)));
    expect(changed.difference, from).toMatchObject({
      turn: expect.any(String),
      line: expect.any(Number),
      ...difference,
    });
    expect(changed.different, from).toBe(1);
  }
});

it("finds a prompt that is assembled in another way", async () => {
  const file = await recorded();
  offline();
  const real = await import("../../src/prompt/assemble.ts");
  vi.resetModules();
  vi.doMock("../../src/prompt/assemble.ts", () => ({
    ...real,
    assemble: async (turn: never) => {
      const prompt = await real.assemble(turn);
      return { ...prompt, system: `${prompt.system} Be brief.` };
    },
  }));
  onTestFinished(() => {
    vi.doUnmock("../../src/prompt/assemble.ts");
    vi.resetModules();
  });
  const { replay: again } = await import("../../src/record/replay.ts");
  const { difference, different } = await again(file);
  expect(difference).toMatchObject({
    persona: "ada",
    line: 2,
    path: expect.stringMatching(/^calls\[0\].options.prompt/),
  });
  expect(difference?.actual).toContain("Be brief.");
  expect(different).toBeGreaterThan(1);
});

it("refuses what is no whole recording", async () => {
  const file = join(tempFolder(), "turns.jsonl");
  const runtime = await createRuntime({ store: "memory", record: file });
  await runtime.enroll({ id: "eva", name: "Eva" });
  await runtime.send("eva", "?", { from: "user:7" });
  await runtime.close();
  expect(await replay(file)).toMatchObject({ turns: 1, identical: 1 });

  const invalid = (change: (text: string) => string) =>
    expect(replay(altered(file, change))).rejects.toMatchObject({ code: "recording_invalid" });
  await invalid((text) => text.slice(0, -20));
  await invalid((text) => text.slice(5));
  await invalid((text) => text.split("\n").slice(1).join("\n"));
  await invalid((text) => text.replace('"format":1', '"format":9'));
  await invalid(() => "");
  await invalid(() => "Dear diary,\n");
  await invalid((text) => text.replace('"seed":', '"seed":1'));
  await expect(replay(join(tempFolder(), "none"))).rejects.toMatchObject({
    code: "recording_unreadable",
    message: expect.stringMatching(/none cannot be read \(ENOENT\); give a file that `record` has written$/),
  });
});

it("goes on in a recording that is there, also after one that was cut off", async () => {
  const file = join(tempFolder(), "turns.jsonl");
  const once = async () => {
    const runtime = await createRuntime({ store: "memory", record: file });
    await runtime.enroll({ id: "eva", name: "Eva" });
    await runtime.send("eva", "?", { from: "user:7" });
    await runtime.close();
  };
  await once();
  await once();
  expect(await replay(file)).toMatchObject({ turns: 2, identical: 2 });
  expect(lines(file).map((line) => JSON.parse(line).type)).toEqual(["header", "turn", "header", "turn"]);
});

it("harms no turn when the file cannot be written", async () => {
  const foreign = join(tempFolder(), "diary.txt");
  writeFileSync(foreign, "Dear diary,\n");
  for (const record of [tempFolder(), join(tempFolder(), "none", "turns.jsonl"), foreign, "/dev/full"]) {
    const warnings: PersonaWarning[] = [];
    const onWarning = (warning: PersonaWarning) => void warnings.push(warning);
    const runtime = await createRuntime({ store: "memory", record, onWarning });
    await runtime.enroll({ id: "eva", name: "Eva" });
    expect(await outcomeOf(runtime.send("eva", "?", { from: "user:7" }))).toMatch("rehearsal");
    await runtime.close();
    expect(
      warnings.map(({ code }) => code),
      record,
    ).toEqual(["recording_failed"]);
  }
  expect(readFileSync(foreign, "utf8")).toBe("Dear diary,\n");
});
