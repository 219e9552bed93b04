/**
 * Who may do what: every route of the server, asked by everybody for what belongs to one of them. Nobody else learns a
 * word of it, and what is another's is answered exactly like what does not exist.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { FastifyInstance, HTTPMethods, InjectOptions, RouteOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ask, ENTRIES, PLAIN, STREAMS } from "./matrix/entries.ts";
import { CALLERS, type Caller, type Ids, INTRUDERS, leaks, openWorld, type World } from "./matrix/world.ts";

interface Answer {
  readonly status: number;
  /** Headers and body, as they come. */
  readonly text: string;
  /** Status of the first of several results. */
  readonly result: number | undefined;
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
  return {
    status: response.statusCode,
    text: `${JSON.stringify(told)}\n${response.body}`,
    result: url === "/v1/messages" ? response.json().results?.[0].status : undefined,
  };
}

const withoutIds = (text: string, ids: Ids) =>
  Object.values(ids).reduce((left, id) => (id === "" ? left : left.replaceAll(id, "…")), text);

/** What only reads is asked in one world, which each request is to leave as it was: to open one takes far longer. */
let read: World;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  read = await openWorld((end) => ends.push(end));
});
afterAll(async () => {
  for (const end of ends) await end();
});

describe.each(Object.entries(ENTRIES).filter(([, entries]) => entries.length > 0))("%s", (route, entries) => {
  const [method = "", pattern = ""] = route.split(" ");

  it.each(entries.map((entry, n) => [n + 1, entry] as const))("request %i", async (_n, [request, row, results]) => {
    const world = method === "GET" ? read : await openWorld();
    const isAnswered = (one: string) => world.app.hasRoute({ method: one as HTTPMethods, url: pattern });
    const methods = method === "GET" ? ["GET", "HEAD"].filter(isAnswered) : [method];
    const own = (caller: Caller) => world.rooms[caller === "nobody" ? "other" : caller];
    const before = await world.state();
    for (const caller of CALLERS) {
      for (const one of methods) {
        const asked = request(world.ids, own(caller));
        const answer = await ask(world, caller, one, asked);
        const what = `${one} by ${caller}: ${answer.text}`;
        expect(answer.status, what).toBe(row[caller]);
        if (answer.status === 200) expect(answer.result, what).toBe(results?.[caller]);
        if (!INTRUDERS.includes(caller)) continue;
        expect(leaks(world, caller, asked, answer.text), what).toEqual([]);
        if ((answer.result ?? answer.status) !== 404) continue;
        const empty = await ask(world, caller, one, request(world.nothing, own(caller)));
        expect(withoutIds(answer.text, world.ids)).toBe(withoutIds(empty.text, world.nothing));
      }
      if (INTRUDERS.includes(caller)) expect(await world.state(), `after ${caller}`).toEqual(before);
    }
    if (method === "GET") expect(await world.state(), "after all").toEqual(before);
  });
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
  const routes = await routesOf(() => openWorld());
  // Of those that answer HEAD the entry is that of GET.
  const wanted = new Set(routes.map((route) => route.replace(/^HEAD /, "GET ")));
  expect(Object.keys(ENTRIES).sort()).toEqual([...wanted].sort());
  expect(wanted).toEqual(new Set([...wanted, ...Object.keys(STREAMS)]));
});

it("tries every input that could name something", async () => {
  const { app, ids } = await openWorld();
  const { paths, components } = app.swagger() as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
      const asked = STREAMS[route]?.map((of) => of(ids)) ?? ENTRIES[route]?.map(([of]) => of(ids, "own")) ?? [];
      const tried = new Set(asked.flatMap(inputsOf));
      const inputs = [
        ...(operation.parameters ?? []).filter((one) => one.in !== "path").map((one) => one.name),
        ...fieldsOf(operation.requestBody?.content["application/json"]?.schema ?? {}, components.schemas),
      ];
      const left = inputs.filter((name) => !tried.has(name) && !PLAIN.has(name));
      expect(left, route).toEqual([]);
    }
  }
});

interface Described {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** The names of an object's fields, and of those of the objects in its lists. */
function fieldsOf(schema: Schema, known: Readonly<Record<string, Schema>>): readonly string[] {
  const { properties = {} } = known[schema.$ref?.split("/").at(-1) ?? ""] ?? schema;
  const listed = Object.values(properties).flatMap(({ items }) => (items === undefined ? [] : fieldsOf(items, known)));
  return [...Object.keys(properties), ...listed];
}

function inputsOf({ url, body = {}, headers = {} }: Ask): readonly string[] {
  const { searchParams } = new URL(url, "http://localhost");
  const listed = Object.values(body).flat();
  const fields = [body, ...listed.filter((one) => typeof one === "object")].flatMap((one) =>
    Object.keys(one as object),
  );
  return [...searchParams.keys(), ...fields, ...Object.keys(headers)];
}
