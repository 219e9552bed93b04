/**
 * Who may do what: every route of the server, asked by everybody for what belongs to one of them. Nobody else learns a
 * word of it, and what is another's is answered exactly like what does not exist.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { FastifyInstance, InjectOptions, RouteOptions } from "fastify";
import { describe, expect, it } from "vitest";
import { listen } from "./harness.ts";
import { type Ask, ENTRIES, PLAIN } from "./matrix/entries.ts";
import { CALLERS, type Caller, type Ids, INTRUDERS, openWorld, speakAsOwner, type World } from "./matrix/world.ts";

interface Answer {
  readonly status: number;
  /** Headers and body, as they come. */
  readonly text: string;
}

/** Headers that are never the same twice. */
const CHANGING = /^(date|ratelimit-.*)$/;

async function ask(
  { app, headers }: World,
  caller: Caller,
  method: string,
  { url, body, headers: more }: Ask,
): Promise<Answer> {
  const request = { method, url, headers: { ...headers(caller), ...more }, ...(body && { payload: body }) };
  const response = await app.inject(request as InjectOptions);
  const told = Object.entries(response.headers).filter(([name]) => !CHANGING.test(name));
  return { status: response.statusCode, text: `${JSON.stringify(told)}\n${response.body}` };
}

/** What the caller was told and should not have been; what it said itself is no news. */
function leaks(world: World, caller: Caller, asked: Ask, { text }: Answer): readonly string[] {
  const said = JSON.stringify(asked);
  return world.secrets(caller).filter((secret) => text.includes(secret) && !said.includes(secret));
}

const withoutIds = (text: string, ids: Ids) =>
  Object.values(ids).reduce((left, id) => (id === "" ? left : left.replaceAll(id, "…")), text);

describe.each(Object.entries(ENTRIES).filter(([, entries]) => entries.length > 0))("%s", (route, entries) => {
  const [method = ""] = route.split(" ");
  const methods = method === "GET" ? ["GET", "HEAD"] : [method];

  it.each(entries.map(([request, row], n) => [n + 1, request, row] as const))(
    "request %i",
    async (_n, request, row) => {
      const world = await openWorld();
      const own = (caller: Caller) => world.rooms[caller === "nobody" ? "other" : caller];
      const before = await world.state();
      for (const caller of CALLERS) {
        for (const one of methods) {
          const asked = request(world.ids, own(caller));
          const answer = await ask(world, caller, one, asked);
          expect(answer.status, `${one} by ${caller}: ${answer.text}`).toBe(row[caller]);
          if (!INTRUDERS.includes(caller)) continue;
          expect(leaks(world, caller, asked, answer), `${one} by ${caller}: ${answer.text}`).toEqual([]);
          if (answer.status !== 404) continue;
          const empty = await ask(world, caller, one, request(world.nothing, own(caller)));
          expect(withoutIds(answer.text, world.ids)).toBe(withoutIds(empty.text, world.nothing));
        }
        if (INTRUDERS.includes(caller)) expect(await world.state(), `after ${caller}`).toEqual(before);
      }
    },
  );
});

/** All routes as fastify has them, also those that no document describes. */
async function routesOf(open: () => Promise<unknown>): Promise<readonly string[]> {
  const routes: string[] = [];
  const watch = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook("onRoute", ({ method, url }: RouteOptions) => {
      for (const one of [method].flat()) routes.push(`${one} ${url}`);
    });
  };
  subscribe("fastify.initialization", watch);
  try {
    await open();
  } finally {
    unsubscribe("fastify.initialization", watch);
  }
  return routes;
}

it("has an entry for each route, and each entry has a route", async () => {
  const routes = await routesOf(openWorld);
  // Of those that answer HEAD the entry is that of GET.
  const wanted = new Set(routes.map((route) => route.replace(/^HEAD /, "GET ")));
  expect(Object.keys(ENTRIES).sort()).toEqual([...wanted].sort());
});

it("tries every input that could name something", async () => {
  const { app, ids } = await openWorld();
  const { paths } = app.swagger() as { paths: Record<string, Record<string, Described>> };
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
      const entries = route === "GET /v1/events" ? STREAMS.map((stream) => [stream] as const) : (ENTRIES[route] ?? []);
      const tried = new Set(entries.flatMap(([request]) => inputsOf(request(ids, "own"))));
      const inputs = [
        ...(operation.parameters ?? []).filter((one) => one.in !== "path").map((one) => one.name),
        ...Object.keys(operation.requestBody?.content["application/json"]?.schema.properties ?? {}),
      ];
      expect(
        inputs.filter((name) => !tried.has(name) && !PLAIN.has(name)),
        route,
      ).toEqual([]);
    }
  }
});

interface Described {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: { readonly properties?: Readonly<Record<string, unknown>> } }>
    >;
  };
}

function inputsOf({ url, body, headers }: Ask): readonly string[] {
  const { searchParams } = new URL(url, "http://localhost");
  return [...searchParams.keys(), ...Object.keys(body ?? {}), ...Object.keys(headers ?? {})];
}

/** Every way to ask for events. */
const STREAMS: readonly ((ids: Ids) => Ask)[] = [
  () => ({ url: "/v1/events" }),
  () => ({ url: "/v1/events?after=0" }),
  () => ({ url: "/v1/events", headers: { "last-event-id": "0" } }),
  ({ room }) => ({ url: `/v1/events?after=0&conversation=${room}` }),
  ({ session }) => ({ url: `/v1/events?conversation=${session}` }),
  ({ persona }) => ({ url: `/v1/events?after=0&persona=${persona}` }),
  () => ({ url: "/v1/events?after=0&persona=ada" }),
];

/** What a stream says until it has gone past the rev `end`. */
async function streamed(response: Response, end: () => number): Promise<string> {
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const past = [...text.matchAll(/^id: (\d+)$/gm)].some(([, id]) => Number(id) >= end());
    if (past) return text;
  }
  throw new Error(`The stream ended: ${text}`);
}

describe("GET /v1/events tells nobody of what is another's", () => {
  it.each(STREAMS.map((request, n) => [n + 1, request] as const))("request %i", async (_n, request) => {
    const world = await openWorld();
    const { app, runtime, ids } = world;
    const port = await listen(app);
    const asked = request(ids);
    const readers = CALLERS.map(async (caller) => {
      const headers = { ...world.headers(caller), ...asked.headers };
      const response = await fetch(`http://127.0.0.1:${port}${asked.url}`, { headers });
      return { caller, response };
    });
    const opened = await Promise.all(readers);
    let end = Number.POSITIVE_INFINITY;
    const heard = opened.map(async ({ caller, response }) => {
      if (caller === "nobody") return { caller, text: `${response.status}` };
      expect(response.status).toBe(200);
      return { caller, text: await streamed(response, () => end) };
    });
    await speakAsOwner(world);
    end = runtime.rev + 1;
    // Something that each of them may hear of comes last.
    for (const tenant of ["acme", "umbra"]) await runtime.tenant(tenant).enroll({ id: "last", name: "Last" });
    for (const { caller, text } of await Promise.all(heard)) {
      if (caller === "nobody") expect(text).toBe("401");
      else if (INTRUDERS.includes(caller)) expect(leaks(world, caller, asked, { status: 200, text })).toEqual([]);
      else if (!asked.url.includes("persona=canary")) expect(text).toContain("canary-new");
    }
  });
});
