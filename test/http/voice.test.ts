/** The socket of a voice over real connections, and the page that uses it. */
import { once } from "node:events";
import { Agent, get } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { ManualClock } from "../../src/clock.ts";
import type { AppOptions } from "../../src/http/app.ts";
import { until } from "../support/event-loop.ts";
import { needs } from "../support/needs.ts";
import { joined, noise, pcm, spoken } from "../support/spoken.ts";
import { listen, openHouse } from "./harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
type Frame = any;

async function open(appOptions: AppOptions = {}) {
  const { app } = await openHouse({}, appOptions);
  const port = await listen(app);
  return { app, client: await openAt(port) };
}

async function openAt(port: number, key?: string) {
  const offered = key === undefined ? [] : ["persona-runtime", `bearer.${key}`];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/voice/turns`, offered, { headers: { host: "localhost" } });
  onTestFinished(() => socket.terminate());
  const frames: Frame[] = [];
  socket.on("message", (data) => frames.push(JSON.parse(String(data))));
  const closed = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  const types = () => frames.map(({ type }) => type).filter((type) => type !== "probabilities");
  return {
    frames,
    socket,
    closed,
    types,
    tell: (frame: object) => socket.send(JSON.stringify(frame)),
    hear: (sound: Uint8Array) => socket.send(sound),
    /** The next frame of a type, once it is there. */
    async first(type: string, from = 0): Promise<Frame> {
      await until(() => frames.slice(from).some((frame) => frame.type === type));
      return frames.slice(from).find((frame) => frame.type === type);
    },
  };
}

const START = { type: "start", sample_rate: 16_000 };

describe("a sound with speech", () => {
  needs("espeak");

  it("is told of as it comes: probabilities, speech, turns", async () => {
    const { client } = await open();
    const sound = joined(spoken("Hello there, how are you today?"), spoken("I would like to book a table."));
    const ms = sound.length / 16;
    client.tell(START);
    const bytes = pcm(sound);
    for (let at = 0; at < bytes.length; at += 3_001) client.hear(bytes.subarray(at, at + 3_001));
    client.tell({ type: "finish" });
    await client.first("finished");

    const [ready] = client.frames;
    expect(ready).toMatchObject({ type: "ready", rate: 16_000, frame_ms: 8 });
    expect(ready.turn.listening).toMatchObject({ threshold: 0.5, exit_threshold: 0.35, min_silence_ms: 500 });
    expect(client.types().filter((type) => type === "turn_end")).toHaveLength(2);
    const [end] = client.frames.filter(({ type }) => type === "turn_end");
    expect(end).toMatchObject({ reason: "silence" });
    expect(end.known_at_ms - end.at_ms).toBeGreaterThanOrEqual(500);

    // Each frame once, in order, and before what came of it.
    let next = 0;
    for (const frame of client.frames) {
      if (frame.type !== "probabilities") {
        if (frame.known_at_ms !== undefined) expect(frame.known_at_ms).toBeLessThanOrEqual(next);
        continue;
      }
      expect(frame).toMatchObject({ from_ms: next, frame_ms: 8 });
      next += frame.values.length * 8;
    }
    expect(next).toBe(Math.floor(ms / 8) * 8);
    const values = client.frames.flatMap(({ values = [] }) => values as number[]);
    expect(Math.max(...values)).toBeGreaterThan(0.95);
    expect(Math.min(...values)).toBeLessThan(0.05);
  });

  it("begins anew with other options", async () => {
    const { client } = await open();
    const bytes = pcm(spoken("Hello there, how are you today?"));
    client.tell(START);
    client.hear(bytes.subarray(0, 40_000));
    client.tell({
      type: "start",
      sample_rate: 16_000,
      detector: "network",
      turn: { listening: { min_silence_ms: 200 }, prefix_padding_ms: 40 },
    });
    client.hear(bytes);
    client.tell({ type: "finish" });
    await client.first("finished");
    const begun = client.frames.findLastIndex(({ type }) => type === "ready");
    expect(client.frames[begun]).toMatchObject({ frame_ms: 32, turn: { prefix_padding_ms: 40 } });
    const after = client.frames.slice(begun);
    expect(after.find(({ type }) => type === "probabilities").from_ms).toBe(0);
    const start = after.find(({ type }) => type === "speech_start");
    expect(start.at_ms - start.sound_from_ms).toBeLessThanOrEqual(40);
  });

  it("is an interruption while the persona speaks", async () => {
    const { client } = await open();
    client.tell({ ...START, turn: { speaking: { interrupt_ms: 200 } } });
    client.tell({ type: "stance", stance: "speaking" });
    client.hear(pcm(spoken("Please stop talking for a moment, I have a question.")));
    client.tell({ type: "finish" });
    await client.first("finished");
    expect(await client.first("interrupt")).toMatchObject({ stance: "speaking" });
  });

  it("is one channel of several, and its turns heed words of a judge and of the caller", async () => {
    const { client } = await open();
    const voice = spoken("Hello there, how are you today?", { afterMs: 1_000 });
    const both = Float32Array.from({ length: 2 * voice.length }, (_, n) => (n % 2 === 0 ? 0 : (voice[n >> 1] ?? 0)));
    const turn = { patience_ms: 60_000 };
    client.tell({ ...START, channels: 2, channel: 1, turn });
    const sound = pcm(both);
    for (let at = 0; at < sound.length; at += 100_001) client.hear(sound.subarray(at, at + 100_001));
    const { at_ms } = await client.first("speech_end");
    client.tell({ type: "complete", paused_at_ms: at_ms });
    expect(await client.first("turn_end")).toMatchObject({ at_ms, reason: "complete" });

    let from = client.frames.length;
    client.tell({ ...START, turn });
    client.hear(pcm(voice));
    await client.first("speech_end", from);
    client.tell({ type: "end_turn" });
    expect(await client.first("turn_end", from)).toMatchObject({ reason: "told" });

    from = client.frames.length;
    client.tell(START);
    client.tell({ type: "stance", stance: "speaking" });
    client.hear(pcm(spoken("Wait a moment")));
    await client.first("speech_end", from);
    client.tell({ type: "confirm" });
    expect(await client.first("turn_end", from)).toMatchObject({ reason: "silence" });
    expect(client.types()).not.toContain("problem");
  });
});

it("256 voices are heard at once; a question without a socket takes no place", async () => {
  const { app } = await openHouse();
  const port = await listen(app);
  const url = `http://127.0.0.1:${port}/v1/voice/turns`;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const asked = async () => {
    const [answer] = await once(get(url, { agent, headers: { host: "localhost" } }), "response");
    answer.resume();
    await once(answer, "end");
    return answer.statusCode;
  };
  expect([await asked(), await asked()]).toEqual([426, 426]);
  const voices = await Promise.all(Array.from({ length: 256 }, () => openAt(port)));
  expect(await asked()).toBe(503);
  voices[0]?.socket.terminate();
  await until(async () => (await asked()) === 426);
  await openAt(port);
  expect(await asked()).toBe(503);
});

it("a caller has as many voices at once as its tier says, and another one when one of them has ended", async () => {
  const limits = { tiers: { free: { requestsPerMinute: 1_000_000, voices: 2 } } };
  const { app, runtime } = await openHouse({}, { auth: { mode: "required" }, limits });
  const port = await listen(app);
  const [mine, others] = await Promise.all(["7", "8"].map((user) => runtime.keys.create({ user, name: "phone" })));
  const asked = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/voice/turns`, [
      "persona-runtime",
      `bearer.${mine?.secret}`,
    ]);
    onTestFinished(() => socket.terminate());
    const refused = once(socket, "unexpected-response").then(([, answer]) => answer.toArray());
    return Promise.race([refused.then(String), once(socket, "open").then(() => "open")]);
  };
  const first = await openAt(port, mine?.secret);
  await openAt(port, mine?.secret);
  expect(JSON.parse(await asked())).toMatchObject({ status: 429, detail: expect.stringContaining("2 voices at once") });
  await openAt(port, others?.secret);
  first.socket.terminate();
  await until(() =>
    openAt(port, mine?.secret).then(
      () => true,
      () => false,
    ),
  );
  expect(await asked()).toContain("too_many_streams");
});

describe("what is wrong is told, and the socket stays", () => {
  it.each<[string, string | object, object]>([
    ["no JSON", "hello", { code: "unparsable_body" }],
    ["another type", { type: "sing" }, { code: "invalid_input", fields: [{ field: "type" }] }],
    [
      "a rate that is none",
      { ...START, sample_rate: 11_000 },
      { code: "invalid_input", fields: [{ field: "sample_rate" }] },
    ],
    [
      "options out of range",
      { ...START, turn: { listening: { threshold: 2 }, max_turn_ms: 1 } },
      { fields: [{ field: "turn.listening.threshold" }, { field: "turn.max_turn_ms" }] },
    ],
    [
      "options that contradict each other",
      { ...START, turn: { listening: { exit_threshold: 0.9 } } },
      { fields: [{ field: "turn.listening.exit_threshold" }] },
    ],
    ["a channel that is none", { ...START, channels: 2, channel: 2 }, { fields: [{ field: "channel" }] }],
    ["an option that nobody knows", { ...START, turn: { treshold: 1 } }, { code: "invalid_input" }],
    ["a stance before the start", { type: "stance", stance: "speaking" }, { code: "invalid_input" }],
  ])("%s", async (_what, frame, problem) => {
    const { client } = await open();
    client.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    const told = await client.first("problem");
    expect(told.problem).toMatchObject(problem);
    client.tell(START);
    expect(await client.first("ready")).toMatchObject({ rate: 16_000 });
  });

  it("sound before the start", async () => {
    const { client } = await open();
    client.hear(Buffer.alloc(320));
    expect((await client.first("problem")).problem.detail).toContain("must be `start` before anything else");
  });
});

it("takes odd, empty and long pieces of every encoding", async () => {
  const { client } = await open();
  for (const encoding of ["s16le", "f32", "mulaw", "alaw", "u8", "s24le", "s32le"]) {
    const from = client.frames.length;
    client.tell({ type: "start", sample_rate: 8_000, encoding });
    client.hear(Buffer.alloc(0));
    client.hear(Buffer.alloc(1));
    client.hear(Buffer.alloc(200_001));
    client.tell({ type: "finish" });
    await client.first("finished", from);
  }
  expect(client.types().filter((type) => type === "problem")).toEqual([]);
});

it("a client is read no faster than its sound is computed", async () => {
  const { client } = await open();
  client.tell(START);
  const sound = pcm(noise(8_000, 0.01, 1));
  for (let n = 0; n < 20; n += 1) client.hear(sound);
  client.tell({ type: "finish" });
  await client.first("finished");
  const last = client.frames.findLast(({ type }) => type === "probabilities");
  expect(last.from_ms + last.values.length * last.frame_ms).toBe(160_000);
});

it("ends when nothing is sent for five minutes, and when the server closes", async () => {
  const clock = new ManualClock(1_000_000);
  const { client } = await open({ clock });
  for (let beat = 0; beat < 20; beat += 1) {
    client.socket.ping();
    await once(client.socket, "pong");
    clock.advance(15_000);
    await Promise.race([once(client.socket, "ping"), client.closed]);
  }
  expect(await client.closed).toBe(4408);

  const { app, client: other } = await open();
  other.tell(START);
  await other.first("ready");
  await app.close();
  expect(await other.closed).toBe(1001);
});

it("without an upgrade it says what it is", async () => {
  const { send } = await openHouse();
  const { status, body, headers } = await send("GET /v1/voice/turns");
  expect({ status, code: body.code, upgrade: headers["upgrade"] }).toEqual({
    status: 426,
    code: "upgrade_required",
    upgrade: "websocket",
  });
});

describe("the page", () => {
  it("runs its own scripts only, is shown in no other, and all it names is there", async () => {
    const { app } = await openHouse();
    const page = await app.inject("/voice");
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": expect.stringContaining("default-src 'none'; script-src 'self'; style-src 'self'"),
    });
    expect(page.body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|style="/);
    const named = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url ?? "");
    expect(named.length).toBeGreaterThan(1);
    const seen = new Set(named);
    for (const url of seen) {
      const file = await app.inject(url);
      expect(file.statusCode, url).toBe(200);
      expect(file.headers["content-type"], url).toMatch(/^text\/(css|javascript); charset=utf-8$/);
      for (const [, more = ""] of file.body.matchAll(/from "([^"]+)"|addModule\("([^"]+)"\)/g))
        if (more !== "") seen.add(more);
    }
    expect(seen.size).toBeGreaterThan(6);
  });
});
