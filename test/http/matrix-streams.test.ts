/** The streams of the matrix: everybody listens while the owner speaks, and hears nothing that is not theirs. */
import { describe, expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { turns, until } from "../support/event-loop.ts";
import { listen } from "./harness.ts";
import { type Ask, STREAMS } from "./matrix/entries.ts";
import {
  CALLERS,
  type Caller,
  INTRUDERS,
  leaks,
  openWorld,
  speakAsOwner,
  TENANTS,
  type World,
} from "./matrix/world.ts";

/** Says something new as the owner, then something that everybody may hear. Gives the rev at which that begins. */
async function goOn(world: World): Promise<number> {
  await speakAsOwner(world);
  const { rev } = world.runtime;
  for (const tenant of TENANTS) await world.runtime.tenant(tenant).enroll({ id: "last", name: "Last" });
  return rev + 1;
}

function checkHeard(world: World, caller: Caller, asked: Ask, text: string): void {
  if (caller === "nobody") expect(text).toBe("401");
  else if (INTRUDERS.includes(caller)) expect(leaks(world, caller, asked, text), `${caller}: ${text}`).toEqual([]);
  // Of the other persona only the room that it has come into is new.
  else expect(text).toContain(asked.url.includes("persona=canary") ? "canary-room" : "canary-new");
}

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

const numbered = (route: string) => (STREAMS[route] ?? []).map((request, n) => [n + 1, request] as const);

describe("GET /v1/events tells nobody of what is another's", () => {
  it.each(numbered("GET /v1/events"))("request %i", async (_n, request) => {
    const world = await openWorld();
    const port = await listen(world.app);
    const asked = request(world.ids);
    const opened = await Promise.all(
      CALLERS.map(async (caller) => {
        const headers = { ...world.headers(caller), ...asked.headers };
        return [caller, await fetch(`http://127.0.0.1:${port}${asked.url}`, { headers })] as const;
      }),
    );
    let end = Number.POSITIVE_INFINITY;
    const heard = opened.map(async ([caller, response]) => {
      const text = response.status === 200 ? await streamed(response, () => end) : `${response.status}`;
      return [caller, text] as const;
    });
    end = await goOn(world);
    for (const [caller, text] of await Promise.all(heard)) checkHeard(world, caller, asked, text);
  });
});

/** What a socket says, or the status with which it was refused. */
async function openSocket(port: number, { url }: Ask, headers: Record<string, string>) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${url}`, { headers });
  let text = "";
  socket.on("message", (data) => {
    text += `${data}\n`;
  });
  await new Promise<void>((resolve) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (refused, { statusCode }) => {
      text = `${statusCode}`;
      refused.destroy();
      resolve();
    });
  });
  if (socket.readyState === WebSocket.OPEN) onTestFinished(() => socket.terminate());
  return {
    text: () => text,
    hasPassed: (end: number) => [...text.matchAll(/"rev":(\d+)/g)].some(([, rev]) => Number(rev) >= end),
    send: (frame: object) => socket.send(JSON.stringify(frame)),
  };
}

describe("GET /v1/socket tells nobody of what is another's, and takes nothing into it", () => {
  it.each(numbered("GET /v1/socket"))("request %i", async (_n, request) => {
    const world = await openWorld();
    const { app, clock, ids } = world;
    const port = await listen(app);
    const asked = request(ids);
    const sockets = await Promise.all(
      CALLERS.map(async (caller) => [caller, await openSocket(port, asked, world.headers(caller))] as const),
    );
    const end = await goOn(world);
    // All of it is on its way when a heartbeat comes: whom nothing is told is told how far that is.
    await turns(200);
    clock.advance(15_000);
    for (const [caller, { text, hasPassed }] of sockets) {
      if (caller !== "nobody") await until(() => hasPassed(end));
      checkHeard(world, caller, asked, text());
    }

    const before = await world.state();
    for (const [caller, { send, text }] of sockets) {
      if (caller === "nobody" || !INTRUDERS.includes(caller)) continue;
      for (const conversation_id of [ids.room, ids.session]) {
        send({ type: "send", ref: conversation_id, conversation_id, text: "hello" });
        await until(() => text().includes(`"ref":"${conversation_id}"`));
      }
      expect(text().match(/"code":"room_not_found"/g), caller).toHaveLength(2);
    }
    expect(await world.state()).toEqual(before);
  });
});
