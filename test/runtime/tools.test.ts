/** Tools: functions of the host, and questions to clients. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRuntime, defineTool, ManualClock } from "../../src/index.ts";
import type { Cognition, CognitionTurn, PersonaDefinition, RuntimeEvent, Tool, ToolAnswer } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns } from "../support/event-loop.ts";
import { enroll, openHouse, outcomeOf, pass } from "./harness.ts";

const add = defineTool({
  name: "add",
  description: "Adds two numbers.",
  parameters: z.object({ a: z.number(), b: z.number().default(1) }),
  execute: ({ a, b }) => ({ sum: a + b }),
});

const ask = defineTool({
  name: "ask_user",
  description: "Asks the user.",
  parameters: z.object({ question: z.string() }),
});

function acting(execute: Tool["execute"], timeoutMs?: number): Tool {
  return { name: "act", description: "Acts.", parameters: z.object({}), timeoutMs, ...(execute && { execute }) };
}

/** Calls its first tool with what `args` gives and answers with what came of it, or with the error that it was told. */
const calling =
  (args: unknown = {}): Cognition =>
  async (turn) => {
    try {
      return JSON.stringify(await turn.tools[0]?.call(args));
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  };

async function house(tools: readonly Tool[], cognition: Cognition, more: Partial<PersonaDefinition> = {}) {
  const opened = await openHouse({ tools });
  const settings = { tools: tools.map(({ name }) => name), ...more.settings };
  await enroll(opened.runtime, "ada", { cognition, ...more, settings });
  const said = () => outcomeOf(opened.runtime.send("ada", "?", { from: "user:7" }));
  return { ...opened, said };
}

it("offers a persona the tools of its list, and runs them", async () => {
  let seen: CognitionTurn["tools"] = [];
  const { runtime, said } = await house([add, ask], async (turn) => {
    seen = turn.tools;
    return calling({ a: 2 })(turn) as Promise<string>;
  });
  expect(await said()).toBe('{"sum":3}');
  expect(seen.map(({ name, description }) => [name, description])).toEqual([
    ["add", "Adds two numbers."],
    ["ask_user", "Asks the user."],
  ]);
  expect(seen[0]?.inputSchema).toMatchObject({
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number", default: 1 } },
    required: ["a"],
  });
  await enroll(runtime, "bob", { cognition: (turn) => `${turn.tools.length}` });
  expect(await outcomeOf(runtime.send("bob", "?", { from: "user:7" }))).toBe("0");
});

it("tells a tool whose call it is, and explains what became of each", async () => {
  const contexts: unknown[] = [];
  const tool = acting((_, { signal, ...context }) => {
    contexts.push({ ...context, aborted: signal.aborted });
    return undefined;
  });
  const { runtime } = await house([tool], async (turn) => {
    const said = [await turn.tools[0]?.call({})];
    for (const args of ["x", [], null]) said.push(await turn.tools[0]?.call(args).catch(({ code }) => code));
    return JSON.stringify(said);
  });
  const reply = await runtime.send("ada", "?", { from: "user:7" });
  expect(reply.text).toBe('[null,"tool_invalid","tool_invalid","tool_invalid"]');
  const { turn, conversation } = reply;
  expect(contexts).toEqual([{ call: `${turn}.01`, turn, persona: "ada", conversation, aborted: false }]);
  const { cognition } = await runtime.explain(turn);
  expect(cognition.tools).toMatchObject([
    { id: `${turn}.01`, name: "act", outcome: "answered", durationMs: 0 },
    { id: `${turn}.02`, outcome: "invalid", error: expect.stringContaining("act was not called: arguments: ") },
    { id: `${turn}.03`, outcome: "invalid" },
    { id: `${turn}.04`, outcome: "invalid" },
  ]);
});

const circle: Record<string, unknown> = {};
circle["self"] = circle;
const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);

describe("a tool that misbehaves costs no turn", () => {
  it.each<[string, Tool["execute"], string]>([
    [
      "throws",
      () => {
        throw new Error("no such table");
      },
      "tool_failed: act failed: no such table",
    ],
    ["rejects", () => Promise.reject(new Error("gone")), "tool_failed: act failed: gone"],
    [
      "throws what cannot be looked at",
      () => {
        throw Object.create(null);
      },
      "tool_failed: act failed: it threw something that cannot be described",
    ],
    ["answers a circle", () => circle, "tool_failed: act failed: its answer cannot be said in JSON"],
    ["answers a BigInt", () => ({ n: 1n }), "tool_failed: act failed: its answer cannot be said in JSON"],
    ["answers a function", () => () => {}, "tool_failed: act failed: its answer cannot be said in JSON"],
    [
      "answers too much",
      () => "ä".repeat(40_000),
      "tool_failed: act failed: its answer must be at most 65536 bytes as JSON, not 80002",
    ],
    [
      "answers what throws",
      () => ({
        toJSON() {
          throw new Error("not for you");
        },
      }),
      "tool_failed: act failed: its answer cannot be said in JSON (not for you)",
    ],
    ["throws a long error", () => Promise.reject(new Error("x".repeat(1e6))), "tool_failed: act failed: xxxx"],
  ])("%s", async (_, execute, told) => {
    const { runtime, said } = await house([acting(execute)], calling());
    const heard = await said();
    expect(heard).toContain(told);
    expect(heard.length).toBeLessThan(2_100);
    expect(runtime.status("ada").breaker.failures).toBe(0);
  });

  it("hangs", async () => {
    let signal: AbortSignal | undefined;
    const hang: Tool["execute"] = (_, context) => {
      signal = context.signal;
      return new Promise(() => {});
    };
    const { said, clock } = await house([acting(hang, 2_000)], calling());
    const heard = said();
    await pass(clock, 1_999);
    expect(signal?.aborted).toBe(false);
    await pass(clock, 1);
    expect(await heard).toBe("tool_timeout: act did not answer within 2 s");
    expect(signal?.reason).toMatchObject({ code: "tool_timeout" });
  });

  it("fails when it is aborted, and is blamed for being late", async () => {
    const late: Tool["execute"] = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    const { runtime, clock } = await house([acting(late, 2_000)], calling());
    const answer = runtime.send("ada", "?", { from: "user:7" });
    await pass(clock, 2_000);
    const { text, turn } = await answer;
    expect(text).toContain("tool_timeout");
    const { tools } = (await runtime.explain(turn)).cognition;
    expect(tools).toEqual([
      expect.objectContaining({ outcome: "timeout", durationMs: 2_000, error: "act did not answer within 2 s" }),
    ]);
  });

  it("checks its arguments for ever", async () => {
    const parameters = z.object({}).refine(() => new Promise<boolean>(() => {}));
    const { said, clock } = await house([{ ...acting(() => 1, 500), parameters }], calling());
    const heard = said();
    await pass(clock, 500);
    expect(await heard).toContain("tool_timeout");
  });
});

it.each<[string, unknown, string]>([
  ["a missing field", {}, "called: a: "],
  ["a wrong type", { a: "2" }, "called: a: "],
  ["what JSON cannot say", Symbol("a"), "cannot be said in JSON"],
  ["a circle", circle, "cannot be said in JSON"],
  ["too much", { a: 1, more: "x".repeat(70_000) }, "must be at most 65536 bytes as JSON, not 70017"],
  ["depth", deep, "called: arguments: "],
])("runs no tool with %s as arguments", async (_, args, why) => {
  let ran = false;
  const parameters = z.object({ a: z.number() });
  const tool: Tool = {
    ...acting(() => {
      ran = true;
    }),
    parameters,
  };
  const { said } = await house([tool], calling(args));
  const heard = await said();
  expect(heard).toContain("tool_invalid: act was not called: ");
  expect(heard).toContain(why);
  expect(ran).toBe(false);
});

it("gives no tool a prototype by its arguments", async () => {
  let seen: unknown;
  const parameters = z.looseObject({});
  const tool: Tool = {
    ...acting((args) => {
      seen = args;
    }),
    parameters,
  };
  const { said } = await house([tool], calling(JSON.parse('{"__proto__":{"admin":true},"a":1}')));
  await said();
  expect((seen as { admin?: boolean }).admin).toBeUndefined();
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

it("lets a turn call 32 times", async () => {
  let runs = 0;
  const tool = acting(() => {
    runs += 1;
  });
  const { runtime } = await house([tool], async (turn) => {
    const said: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      // Each time the tools are asked for they are the same, also in what they count.
      said.push(
        await (turn.tools[0]?.call({}) ?? Promise.reject()).then(
          () => "ok",
          ({ code }) => code,
        ),
      );
    }
    return said.join(" ");
  });
  const { text, turn } = await runtime.send("ada", "?", { from: "user:7" });
  expect(text.split(" ").filter((word) => word === "ok")).toHaveLength(32);
  expect(text.split(" ").filter((word) => word === "tool_limit")).toHaveLength(8);
  expect(runs).toBe(32);
  expect((await runtime.explain(turn)).cognition.tools).toHaveLength(32);
});

it("takes its calls with the turn that times out, and that answers", async () => {
  const signals: AbortSignal[] = [];
  const hang: Tool["execute"] = (_, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const seen: CognitionTurn[] = [];
  const late: unknown[] = [];
  const { runtime, clock } = await house(
    [acting(hang)],
    async (turn) => {
      seen.push(turn);
      const call = turn.tools[0]?.call({}).catch((error: unknown) => late.push(error));
      if (turn.text === "wait") await call;
      return turn.text === "wait" ? new Promise<string>(() => {}) : "done";
    },
    { settings: { deadlineMs: 1_000 } },
  );
  void runtime.send("ada", "wait", { from: "user:7" });
  await pass(clock, 1_000);
  expect(signals[0]?.reason).toMatchObject({ code: "tool_cancelled", cause: { code: "cognition_timeout" } });
  const { turn } = await runtime.send("ada", "answer", { from: "user:8" });
  expect(signals[1]?.aborted).toBe(true);
  await turns();
  expect(late).toMatchObject([{ code: "tool_cancelled" }, { code: "tool_cancelled" }]);
  for (const [n, id] of [seen[0]?.id ?? "", turn].entries()) {
    const { outcome, cognition } = await runtime.explain(id);
    expect(outcome).toBe(["timeout", "answered"][n]);
    expect(cognition.tools).toMatchObject([{ outcome: "cancelled" }]);
  }
  await expect(seen[1]?.tools[0]?.call({})).rejects.toMatchObject({ code: "tool_cancelled" });
  expect(signals).toHaveLength(2);
});

it.each(["its host", "a client"])(
  "asks %s nothing when the turn is over before the arguments are checked",
  async (who) => {
    const checked = Promise.withResolvers<boolean>();
    let ran = false;
    const act = () => {
      ran = true;
    };
    const tool = {
      ...acting(who === "a client" ? undefined : act),
      parameters: z.object({}).refine(() => checked.promise),
    };
    const late: unknown[] = [];
    const { runtime, said } = await house([tool], async (turn) => {
      turn.tools[0]?.call({}).catch((error: unknown) => late.push(error));
      return "done";
    });
    expect(await said()).toBe("done");
    checked.resolve(true);
    await turns();
    expect(late).toMatchObject([{ code: "tool_cancelled" }]);
    expect(ran).toBe(false);
    expect(await runtime.toolCalls()).toEqual([]);
  },
);

describe("a tool that a client answers", () => {
  it.each<[ToolAnswer, string, string]>([
    [{ result: { yes: true } }, '{"yes":true}', "answered"],
    [{ result: undefined }, "null", "answered"],
    [{ error: "I do not know" }, "tool_failed: ask_user failed: I do not know", "failed"],
  ])("is told %j", async (answer, told, outcome) => {
    const { runtime, said, clock } = await house([ask], calling({ question: "Why?" }));
    const events: RuntimeEvent[] = [];
    void (async () => {
      for await (const event of runtime.events()) if (event.type.startsWith("tool_")) events.push(event);
    })();
    const heard = said();
    await turns();
    const [call, ...others] = await runtime.toolCalls();
    const { id = "", turn = "", conversation = "" } = call ?? {};
    expect(others).toEqual([]);
    expect(call).toEqual({
      id: `${turn}.01`,
      turn,
      persona: "ada",
      conversation,
      name: "ask_user",
      arguments: { question: "Why?" },
      calledAt: clock.now(),
      waitsUntil: clock.now() + 30_000,
    });
    await runtime.answerTool(id, answer);
    expect(await heard).toBe(told);
    expect(await runtime.toolCalls()).toEqual([]);
    await expect(runtime.answerTool(id, answer)).rejects.toMatchObject({ code: "tool_call_not_found" });
    expect((await runtime.explain(turn)).cognition.tools).toMatchObject([{ name: "ask_user", outcome }]);
    await turns();
    const subject = { call: id, turn, persona: "ada", conversation, name: "ask_user" };
    expect(events).toEqual([
      { type: "tool_call", ...subject, arguments: { question: "Why?" } },
      { type: "tool_call_ended", ...subject, outcome },
    ]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["a text", "yes"],
    ["neither", {}],
    ["both", { result: 1, error: "x" }],
    ["a blank error", { error: " " }],
    ["too much", { result: "x".repeat(65_536) }],
    ["a circle", { result: circle }],
    ["a function", { result: () => {} }],
  ])("still waits when it is answered with %s", async (_, answer) => {
    const { runtime, said } = await house([ask], calling({ question: "?" }));
    const heard = said();
    await turns();
    const [call] = await runtime.toolCalls();
    await expect(runtime.answerTool(call?.id ?? "", answer as ToolAnswer)).rejects.toMatchObject({
      code: "invalid_input",
      fields: [{ field: expect.any(String) }],
    });
    await runtime.answerTool(call?.id ?? "", { result: "ok" });
    expect(await heard).toBe('"ok"');
  });

  it("is forgotten when nobody answers in time, or the turn is over, or the runtime closes", async () => {
    const { runtime, said, clock } = await house([ask], calling({ question: "?" }), {
      settings: { deadlineMs: 60_000 },
    });
    const ended: unknown[] = [];
    void (async () => {
      for await (const event of runtime.events()) if (event.type === "tool_call_ended") ended.push(event.outcome);
    })();
    const heard = said();
    await pass(clock, 30_000);
    expect(await heard).toContain("tool_timeout: ask_user did not answer within 30 s");
    expect(await runtime.toolCalls()).toEqual([]);
    const last = said();
    await turns();
    expect(await runtime.toolCalls()).toHaveLength(1);
    await runtime.close({ graceMs: 0 });
    expect(await last).toContain("runtime_closed");
    expect(await runtime.toolCalls()).toEqual([]);
    await turns();
    expect(ended).toEqual(["cancelled", "cancelled"]);
  });

  it("is listed in pages, by persona and conversation", async () => {
    const { runtime } = await openHouse({ tools: [ask] });
    const cognition = calling({ question: "?" });
    for (const id of ["ada", "bob"]) {
      await enroll(runtime, id, { cognition, settings: { tools: ["ask_user"], maxParallelTurns: 3 } });
      for (let n = 0; n < 3; n += 1) void runtime.send(id, "?", { from: `user:${n}` });
    }
    await turns();
    const all = await runtime.toolCalls();
    expect(all.map(({ persona }) => persona).sort()).toEqual(["ada", "ada", "ada", "bob", "bob", "bob"]);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort());
    expect(await runtime.toolCalls({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await runtime.toolCalls({ after: all[1]?.id ?? "" })).toEqual(all.slice(2));
    const [first] = all;
    const { persona = "", conversation = "" } = first ?? {};
    expect(await runtime.toolCalls({ conversation })).toEqual([first]);
    expect(await runtime.toolCalls({ persona, limit: 3 })).toHaveLength(3);
    await expect(runtime.toolCalls({ limit: 0 })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

it.each<[string, unknown, string]>([
  ["no list", {}, "tools"],
  ["a tool without a name", [{ ...add, name: undefined }], "tools[0].name"],
  ["a name with a blank", [{ ...add, name: "add it" }], "tools[0].name"],
  ["the same name twice", [add, ask, add], "tools[2].name"],
  ["a blank description", [{ ...add, description: " " }], "tools[0].description"],
  ["parameters that are no schema", [{ ...add, parameters: { a: "number" } }], "tools[0].parameters"],
  ["parameters that are no object", [{ ...add, parameters: z.string() }], "tools[0].parameters"],
  ["parameters that JSON cannot say", [{ ...add, parameters: z.object({ at: z.date() }) }], "tools[0].parameters"],
  ["an execute that is none", [{ ...add, execute: "add" }], "tools[0].execute"],
  ["no time to answer", [{ ...add, timeoutMs: 0 }], "tools[0].timeoutMs"],
  ["an unknown field", [{ ...add, strict: true }], "tools[0].strict"],
  ["too many", Array.from({ length: 257 }, (_, n) => ({ ...add, name: `t${n}` })), "tools"],
])("takes for tools not %s", async (_, tools, field) => {
  await expect(createRuntime({ store: "memory", tools: tools as Tool[] })).rejects.toMatchObject({
    code: "invalid_input",
    fields: [{ field }],
  });
});

it("refuses tools that nobody registered, and keeps those that a stored persona has outlived", async () => {
  const file = join(temporaryFolder(), "tools.db");
  const { runtime } = await openHouse({ store: file, tools: [add, ask] });
  const unknown = { code: "invalid_input", fields: [{ field: "settings.tools[1]" }] };
  const settings = { tools: ["add", "fly"] };
  await expect(runtime.enroll({ id: "ada", name: "Ada", settings })).rejects.toMatchObject(unknown);
  expect(runtime.has("ada")).toBe(false);
  await enroll(runtime, "ada", { settings: { tools: ["add", "ask_user"] } });
  await expect(runtime.configure("ada", { settings })).rejects.toMatchObject(unknown);
  await expect(runtime.configure("ada", { settings: { tools: ["add", "add"] } })).rejects.toMatchObject({
    fields: [{ field: "settings.tools", message: "must not name a tool twice" }],
  });
  await runtime.close();

  const clock = new ManualClock();
  const again = await openHouse({ store: file, clock, tools: [add], cognition: (turn) => `${turn.tools.length}` });
  await turns();
  expect(again.warnings).toMatchObject([
    { code: "tool_unknown", message: "ada may use ask_user, which no registered tool is called" },
  ]);
  // Other settings can be changed nevertheless.
  await again.runtime.configure("ada", { settings: { maxQueued: 7 } });
  expect(again.runtime.status("ada").settings.tools).toEqual(["add", "ask_user"]);
  expect(await outcomeOf(again.runtime.send("ada", "?", { from: "user:7" }))).toBe("1");
});

it("names at a start what roles and sequences of any tenant may use and nobody registered, the seeds once", async () => {
  const file = join(temporaryFolder(), "tools.db");
  const seeds = join(temporaryFolder(), "seeds.toml");
  const role = (id: string, tool: string) => ({ id, display_name: id, system_prompt: "Hm.", tool_allowlist: [tool] });
  writeFileSync(seeds, `[[roles]]\nid = "seed"\ndisplay_name = "S"\nsystem_prompt = "Hm."\ntool_allowlist = ["fly"]`);
  const options = { store: file, catalogue: { seeds } };
  const { runtime } = await openHouse(options);
  await runtime.catalogue.roles.create(role("own", "swim"));
  const acme = runtime.tenant("acme").catalogue;
  await acme.roles.create(role("theirs", "run"));
  await acme.roles.create(role("adding", "add"));
  const steps = [{ id: "a", instruction: "Go.", require_tools: ["walk"] }];
  await acme.sequences.create({ id: "walk", display_name: "Walk", steps });
  await runtime.close();

  const { warnings } = await openHouse({ ...options, tools: [add] });
  expect(warnings.map(({ code, message }) => [code, message.replace(/, which.*/, "")])).toEqual([
    ["tool_unknown", "The role own may use swim"],
    ["tool_unknown", "The role seed may use fly"],
    ["tool_unknown", "The role theirs of acme may use run"],
    ["tool_unknown", "The sequence walk of acme may use walk"],
  ]);
});

it("names in a session what its role allows and nobody registered", async () => {
  const { runtime } = await openHouse({ tools: [add], cognition: () => "Hm." });
  const { personas, roles } = runtime.catalogue;
  await roles.create({ id: "aide", display_name: "A", system_prompt: "Hm.", tool_allowlist: ["add", "fly"] });
  await personas.create({ id: "vera", display_name: "Vera", default_role: "aide" });
  const { notHonoured } = await runtime.openSession({ persona: "vera", from: "user:7" });
  expect(notHonoured).toEqual([{ field: "tool_allowlist", reason: "no registered tool is called fly" }]);
});
