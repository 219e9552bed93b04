/** Tool calls that a client answers, over real sockets. */
import { expect, it } from "vitest";
import * as z from "zod";
import type { Identify } from "../../src/http/identity.ts";
import type { Cognition, Tool } from "../../src/types.ts";
import { turns, until } from "../support/event-loop.ts";
import { listen, openHouse, readEvents, sendTo } from "./harness.ts";

const ask: Tool = { name: "ask_user", description: "Asks the user.", parameters: z.object({ question: z.string() }) };

const asking: Cognition = async ({ tools }) => `The user says ${await tools[0]?.call({ question: "Tea or coffee?" })}.`;

async function serving() {
  const { app, runtime } = await openHouse({ tools: [ask] });
  const port = await listen(app);
  const send = sendTo(port);
  await runtime.enroll({ id: "ada", name: "Ada", cognition: asking, settings: { tools: ["ask_user"] } });
  return { port, send, runtime };
}

it("are told by an event, listed, and answered", async () => {
  const { port, send } = await serving();
  const events = await readEvents(port);
  const replied = send("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  const { data } = await events.until("tool_call");
  expect(data).toEqual({
    type: "tool_call",
    call_id: `${data.turn_id}.01`,
    turn_id: expect.any(String),
    persona: "ada",
    conversation_id: expect.any(String),
    name: "ask_user",
    arguments: { question: "Tea or coffee?" },
  });
  const { body: page } = await send("GET /v1/tool-calls?persona=ada");
  const { type, call_id: id, ...call } = data;
  const waiting = { ...call, id, called_at: expect.any(Number), waits_until: expect.any(Number) };
  expect(page).toEqual({ tool_calls: [waiting], more: false });
  expect((await send(`GET /v1/tool-calls?after=${id}`)).body).toEqual({ tool_calls: [], more: false });
  expect((await send(`GET /v1/tool-calls?conversation=${data.turn_id}`)).body.tool_calls).toEqual([]);

  for (const [answer, field] of [
    [{}, "body"],
    [{ result: 1, error: "x" }, "body"],
    [{ error: "" }, "error"],
    [{ result: "x".repeat(70_000) }, "result"],
  ] as const) {
    const { status, body } = await send(`POST /v1/tool-calls/${id}`, answer);
    expect.soft({ status, code: body.code, field: body.fields[0].field }).toEqual({
      status: 422,
      code: "invalid_input",
      field,
    });
  }
  expect((await send(`POST /v1/tool-calls/${id}`, { result: "tea" })).status).toBe(204);
  expect((await events.until("tool_call_ended")).data).toMatchObject({ call_id: id, outcome: "answered" });
  const { body } = await replied;
  expect(body.reply.text).toBe("The user says tea.");
  expect((await send(`POST /v1/tool-calls/${id}`, { result: "coffee" })).body).toMatchObject({
    status: 404,
    code: "tool_call_not_found",
  });
  const { body: explained } = await send(`GET /v1/explanations/${body.reply.id}`);
  expect(explained.cognition.tools).toEqual([
    { id, name: "ask_user", outcome: "answered", started_at: expect.any(Number), duration_ms: expect.any(Number) },
  ]);
});

it("tell the persona why there is no answer, and are not found once they are over", async () => {
  const { send, runtime, port } = await serving();
  const events = await readEvents(port);
  void send("POST /v1/personas/ada/messages", { text: "hi" });
  const { data } = await events.until("tool_call");
  expect((await send(`POST /v1/tool-calls/${data.call_id}`, { error: "Nobody is there" })).status).toBe(204);
  expect((await events.until("turn")).data).toMatchObject({ turn_id: data.turn_id, outcome: "failed" });
  expect(await runtime.explain(data.turn_id)).toMatchObject({ error: "ask_user failed: Nobody is there" });
  for (const id of ["nothing", data.call_id, "%00", "x".repeat(256)]) {
    expect.soft((await send(`POST /v1/tool-calls/${id}`, { result: 1 })).body.code).toBe("tool_call_not_found");
  }
});

it("lets the settings of a persona name the tools that are registered", async () => {
  const { send } = await serving();
  const { body } = await send("PATCH /v1/enrollments/ada", { settings: { tools: ["ask_user", "fly"] } });
  expect(body).toMatchObject({ code: "invalid_input", fields: [{ field: "settings.tools[1]" }] });
  expect((await send("PATCH /v1/enrollments/ada", { settings: { tools: [] } })).body.settings.tools).toEqual([]);
});

it("are those of their conversation's owner, and of the services of its tenant", async () => {
  const identify: Identify = ({ headers }) => {
    const [tenant = "", user = "", role = "user"] = String(headers["x-who"]).split("/");
    return { tenant, user, role: role as "user", tier: "free" };
  };
  const { runtime, send } = await openHouse({ tools: [ask] }, { identify });
  await runtime.enroll({ id: "ada", name: "Ada", cognition: asking, settings: { tools: ["ask_user"] } });
  const as = (who: string) => (route: string, body?: unknown) => send(route, body, { "x-who": who });
  const events: string[] = [];
  for (const owner of ["user:7", "user:8"]) {
    void (async () => {
      for await (const { type } of runtime.tenant("default", { owner }).events()) events.push(`${owner} ${type}`);
    })();
  }
  const replied = as("default/7")("POST /v1/personas/ada/messages?wait=60", { text: "hi" });
  await until(() => events.includes("user:7 tool_call"));
  const [call] = await runtime.toolCalls();
  for (const who of ["default/8", "other/7", "other/7/admin"]) {
    expect.soft((await as(who)("GET /v1/tool-calls")).body.tool_calls, who).toEqual([]);
    const { status, body } = await as(who)(`POST /v1/tool-calls/${call?.id}`, { result: "poison" });
    expect.soft({ status, code: body.code }, who).toEqual({ status: 404, code: "tool_call_not_found" });
  }
  for (const who of ["default/7", "default/8/service", "default/8/admin"]) {
    expect.soft((await as(who)("GET /v1/tool-calls")).body.tool_calls, who).toMatchObject([{ id: call?.id }]);
  }
  expect((await as("default/7")(`POST /v1/tool-calls/${call?.id}`, { result: "tea" })).status).toBe(204);
  expect((await replied).body.reply.text).toBe("The user says tea.");
  await turns();
  expect(events).toContain("user:7 tool_call_ended");
  expect(events.filter((event) => event.startsWith("user:8"))).toEqual([]);
});
