/** Bodies that are made to hurt: each gets a code, quickly and in few words, and the server goes on. */
import { once } from "node:events";
import net from "node:net";
import { gzipSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { expect, it } from "vitest";
import { listen, openHouse } from "./harness.ts";

const json = { "content-type": "application/json" };
const deep = (depth: number, heart = "") => `${"[".repeat(depth)}${heart}${"]".repeat(depth)}`;
const deepObject = (depth: number, heart: string) => `${'{"a":'.repeat(depth)}${heart}${"}".repeat(depth)}`;
const manyKeys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`;

const BODIES: Record<string, [status: number, code: string, body: string | Buffer, headers?: Record<string, string>]> =
  {
    "a text 10 000 deep": [422, "invalid_input", `{"text":${deep(10_000)}}`],
    "objects 10 000 deep": [422, "invalid_input", `{"text":${deepObject(10_000, "0")}}`],
    "an unknown field 100 000 deep": [422, "invalid_input", `{"text":"x","more":${deep(100_000)}}`],
    "a prototype 10 000 deep": [400, "unparsable_body", deepObject(10_000, '{"__proto__":{"x":1}}')],
    "a prototype": [400, "unparsable_body", '{"text":"x","__proto__":{"urgent":true}}'],
    "a constructor's prototype": [400, "unparsable_body", '{"text":"x","constructor":{"prototype":{"urgent":true}}}'],
    "a prototype as a text": [422, "invalid_input", '{"text":{"__proto__ ":1}}'],
    "100 000 keys": [422, "invalid_input", manyKeys(100_000)],
    "the same key 100 000 times": [400, "unparsable_body", `{${Array(100_000).fill('"txet":0').join()}}`],
    "a list of 100 000": [422, "invalid_input", `{"text":[${Array(100_000).fill(0).join()}]}`],
    "a number beyond any": [422, "invalid_input", `{"text":"x","priority":1e${"9".repeat(400)}}`],
    "a number of 100 000 digits": [422, "invalid_input", `{"text":"x","priority":${"9".repeat(100_000)}}`],
    "half a surrogate pair": [422, "invalid_input", String.raw`{"text":"\ud800"}`],
    "invalid UTF-8": [400, "unparsable_body", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x30, 0x7d])],
    "overlong UTF-8": [400, "unparsable_body", Buffer.from([...Buffer.from('{"text":"'), 0xc0, 0xaf, 0x22, 0x7d])],
    "UTF-16": [400, "unparsable_body", Buffer.from('{"text":"x"}', "utf16le")],
    "a bomb in gzip": [
      415,
      "unsupported_media_type",
      gzipSync(Buffer.alloc(100_000_000, " ")),
      { "content-encoding": "gzip" },
    ],
    "a small body in gzip": [415, "unsupported_media_type", gzipSync('{"text":"x"}'), { "content-encoding": "GZIP" }],
    "brotli that it is not": [415, "unsupported_media_type", '{"text":"x"}', { "content-encoding": "br" }],
    "two encodings": [415, "unsupported_media_type", '{"text":"x"}', { "content-encoding": "identity, gzip" }],
    "gzip that nothing tells of": [400, "unparsable_body", gzipSync('{"text":"x"}')],
    "more than 2 MiB": [413, "body_too_large", `{"text":"${"x".repeat(2_097_152)}"}`],
    "another charset": [
      400,
      "unparsable_body",
      Buffer.from('{"text":"\xe9"}', "latin1"),
      { "content-type": "application/json; charset=latin1" },
    ],
  };

it("are refused with a code, in an answer of a bounded size, and nothing of them is stored", async () => {
  const { app, runtime } = await openHouse({}, { limits: { bodyBytes: 2_097_152 } });
  await runtime.enroll({ id: "ada", name: "Ada" });
  for (const [name, [status, code, payload, headers]] of Object.entries(BODIES)) {
    const answer = await app.inject({
      method: "POST",
      url: "/v1/personas/ada/messages",
      headers: { ...json, ...headers },
      payload,
    } as InjectOptions);
    expect.soft([answer.statusCode, answer.json().code], name).toEqual([status, code]);
    expect.soft(answer.body.length, name).toBeLessThan(20_000);
  }
  expect(runtime.status()).toMatchObject({ accepted: 0 });
  expect(({} as { urgent?: unknown }).urgent).toBeUndefined();
  const plain = { ...json, "content-encoding": "identity" };
  const good = await app.inject({
    method: "POST",
    url: "/v1/personas/ada/messages",
    headers: plain,
    payload: { text: "x" },
  });
  expect(good.statusCode).toBe(202);
});

it.each<[body: string, name: string]>([
  ['{"text":"first","text":"second"}', "text"],
  ['{"text" : "first"\n, "te\\u0078t"\t: "second"}', "text"],
  ['{"text":"x","metadata":[{"a":"\\\\","a\\":":0},{"a":{"b":1,"c":[],"b":2}}]}', "b"],
])("refuses a name that stands twice in an object, of which the last would win: %s", async (payload, name) => {
  const { app, runtime } = await openHouse();
  await runtime.enroll({ id: "ada", name: "Ada" });
  const answer = await app.inject({ method: "POST", url: "/v1/personas/ada/messages", headers: json, payload });
  expect(answer.json()).toMatchObject({
    code: "unparsable_body",
    detail: `The name "${name}" stands twice in one object; give it once.`,
  });
  expect(runtime.status().accepted).toBe(0);
});

it("takes a name again in another object, and what only looks like one", async () => {
  const { app } = await openHouse();
  const said = {
    text: String.raw`{"id":"host","id":"\\"}`,
    metadata: { id: "\\", notes: [{ id: "\\\\" }, { id: { id: '":' } }, null] },
  };
  const url = "/v1/narratives";
  const answer = await app.inject({ method: "POST", url, headers: json, payload: JSON.stringify(said) });
  expect(answer.json()).toMatchObject(said);
});

it("says of many faults how many there are", async () => {
  const { send } = await openHouse({}, { limits: { bodyBytes: 2_097_152 } });
  const { body } = await send("POST /v1/rooms", JSON.parse(manyKeys(10_000)));
  expect(body.fields).toHaveLength(101);
  expect(body.fields.at(-1)).toEqual({ field: "body", message: "has 9900 more faults" });
  const { body: other } = await send("POST /v1/rooms", JSON.parse(manyKeys(101)));
  expect(other.fields.at(-1)).toEqual({ field: "body", message: "has 1 more fault" });
});

it("names the bound that is configured", async () => {
  const { send } = await openHouse({}, { limits: { bodyBytes: 1_024 } });
  const answer = await send("POST /v1/rooms", { name: "x".repeat(1_024) });
  expect(answer).toMatchObject({ status: 413, body: { code: "body_too_large", detail: "Send at most 1024 bytes." } });
});

it("refuses nobody's body before it has come", async () => {
  const { app, runtime } = await openHouse({}, { auth: { mode: "required" } });
  await runtime.enroll({ id: "ada", name: "Ada" });
  const socket = net.connect(await listen(app), "127.0.0.1");
  const head = [
    "POST /v1/personas/ada/messages HTTP/1.1",
    "host: x",
    "content-type: application/json",
    "content-length: 200000",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n{`);
  const [bytes] = await once(socket, "data");
  expect(String(bytes)).toMatch(/^HTTP\/1\.1 401 /);
  socket.destroy();
});
