/**
 * A provider of models on this machine. It speaks the streaming protocols of the real ones, told apart by the path:
 * OpenAI's chat completions, Anthropic's messages, Gemini's streamGenerateContent; well, and in every way badly.
 */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

export type Protocol = "openai-compatible" | "anthropic" | "google";

export interface ModelRequest {
  readonly protocol: Protocol;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: each protocol has a shape of its own.
  readonly body: any;
  /** Resolves when the client has hung up, or the answer is complete. */
  readonly closed: Promise<void>;
}

/** Says something to a request; when it returns without having ended the response, the request hangs. */
export type Responder = (request: ModelRequest, response: ServerResponse) => void | Promise<void>;

export interface ModelServer {
  /** With the path that the base URL of this protocol has. */
  url(protocol: Protocol): string;
  readonly requests: readonly ModelRequest[];
  /** Connections that were ever made. */
  readonly connections: number;
  respond: Responder;
  close(): Promise<void>;
}

const BASE: Readonly<Record<Protocol, string>> = {
  "openai-compatible": "/v1",
  anthropic: "/anthropic",
  google: "/google",
};

/** On a free port of 127.0.0.1, or where it is told to be. */
export async function modelServer(
  respond: Responder = say(["Hello."]),
  { host = "127.0.0.1", port = 0 } = {},
): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  let connections = 0;
  const http: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const path = incoming.url ?? "";
    const [protocol] = Object.entries(BASE).find(([, base]) => path.startsWith(base)) as [Protocol, string];
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    response.on("close", resolve);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const request = { protocol, path, headers: incoming.headers, body, closed };
    requests.push(request);
    await server.respond(request, response);
  });
  http.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => http.listen(port, host, resolve));
  const origin = `http://${host}:${(http.address() as AddressInfo).port}`;
  const server: ModelServer = {
    url: (protocol) => `${origin}${BASE[protocol]}`,
    requests,
    get connections() {
      return connections;
    },
    respond,
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}

/** Tokens that were used, as this test wants them reported; `cached` and `reasoning` are parts of the others. */
export interface Used {
  readonly input: number;
  readonly output: number;
  readonly cached?: number;
  readonly reasoning?: number;
}

export interface Saying {
  /** Default 10 and 5; undefined: it does not say. */
  readonly used?: Used | undefined;
  readonly finish?: "stop" | "length" | "refused";
  /** Changes what goes out on the wire. */
  readonly garble?: (bytes: Buffer) => void;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  /** What it thinks before, signed where the protocol signs it. */
  readonly thoughts?: string | undefined;
  /** Of a context that Anthropic has compressed. */
  readonly summary?: string | undefined;
}

export const SIGNATURE = "c2lnbmVk";

/** Streams these tokens and ends well, in the protocol of the request. */
export function say(tokens: readonly string[], saying: Saying = {}): Responder {
  return async (request, response) => {
    begin(response);
    for (const event of eventsOf(request.protocol, tokens, saying)) {
      const bytes = Buffer.from(event);
      saying.garble?.(bytes);
      response.write(bytes);
    }
    response.end();
  };
}

/** The same, byte by byte. */
export function sayInBytes(tokens: readonly string[], saying: Saying = {}): Responder {
  return async (request, response) => {
    begin(response);
    for (const byte of Buffer.from(eventsOf(request.protocol, tokens, saying).join(""))) {
      response.write(Buffer.of(byte));
      await setImmediate();
    }
    response.end();
  };
}

/** Streams these tokens; then the connection is cut, or ends as if all had been said, or nothing comes any more. */
export function breakOff(tokens: readonly string[], how: "cut" | "end" | "hang"): Responder {
  return async (request, response) => {
    begin(response);
    const events =
      tokens.length === 0
        ? []
        : eventsOf(request.protocol, tokens, {}).slice(0, opening[request.protocol] + tokens.length);
    // Nothing is on the wire before something was written.
    response.write(": begin\n\n");
    for (const event of events) response.write(event);
    if (how === "end") response.end();
    if (how === "cut") setTimeout(() => response.destroy(), 50);
  };
}

/** Streams these tokens, then this instead of an event. */
export function garble(tokens: readonly string[], garbage: string | Uint8Array): Responder {
  return async (request, response) => {
    begin(response);
    for (const event of eventsOf(request.protocol, tokens, {}).slice(0, opening[request.protocol] + tokens.length))
      response.write(event);
    response.write(garbage);
    response.end();
  };
}

/** Streams the token for ever, as fast as it is read. */
export function sayForEver(token: string): Responder {
  return async (request, response) => {
    begin(response);
    const events = eventsOf(request.protocol, [token], {});
    const start = opening[request.protocol];
    for (const event of events.slice(0, start)) response.write(event);
    const event = events[start] ?? "";
    let isOver = false;
    void request.closed.then(() => {
      isOver = true;
    });
    while (!isOver) {
      if (response.write(event)) await setImmediate();
      else await Promise.race([request.closed, new Promise((resolve) => response.once("drain", resolve))]);
    }
  };
}

/** Answers with an error, in the words of the protocol. */
export function refuse(status: number, message = "No.", headers: Readonly<Record<string, string>> = {}): Responder {
  return (request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(errorOf(request.protocol, status, message)));
  };
}

/** The first request is answered by the first of these, and so on; all that come later by the last one. */
export function inOrder(...responders: readonly Responder[]): Responder {
  let count = 0;
  return (request, response) => {
    count += 1;
    return responders[Math.min(count, responders.length) - 1]?.(request, response);
  };
}

export const hang: Responder = () => {};

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (event: { readonly type: string; readonly [field: string]: unknown }) =>
  `event: ${event.type}\n${data(event)}`;

/** Events that come before the first token. */
const opening: Readonly<Record<Protocol, number>> = { "openai-compatible": 1, anthropic: 2, google: 0 };

function eventsOf(protocol: Protocol, tokens: readonly string[], saying: Saying): string[] {
  const used = "used" in saying ? saying.used : { input: 10, output: 5 };
  const { finish = "stop", calls = [], thoughts, summary } = saying;
  if (protocol === "anthropic") return anthropic(tokens, used, finish, calls, { thoughts, summary });
  if (protocol === "google") return google(tokens, used, finish, calls, thoughts);
  return openAi(tokens, used, finish, calls, thoughts);
}

type Calls = NonNullable<Saying["calls"]>;
type Finish = NonNullable<Saying["finish"]>;

function openAi(
  tokens: readonly string[],
  used: Used | undefined,
  finish: Finish,
  calls: Calls,
  thoughts: string | undefined,
): string[] {
  const chunk = (delta: object, reason: string | null = null) =>
    data({
      id: "c1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
  const reason = { stop: "stop", length: "length", refused: "content_filter" }[finish];
  return [
    chunk({ role: "assistant", content: "" }),
    ...(thoughts === undefined ? [] : [chunk({ reasoning_content: thoughts })]),
    ...tokens.map((content) => chunk({ content })),
    ...calls.map(({ id, name, input }, index) =>
      chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: asText(input) } }] }),
    ),
    chunk({}, calls.length > 0 ? "tool_calls" : reason),
    ...(used === undefined
      ? []
      : [
          data({
            id: "c1",
            object: "chat.completion.chunk",
            created: 1,
            model: "m",
            choices: [],
            usage: {
              prompt_tokens: used.input,
              completion_tokens: used.output,
              total_tokens: used.input + used.output,
              prompt_tokens_details: { cached_tokens: used.cached ?? 0 },
              completion_tokens_details: { reasoning_tokens: used.reasoning ?? 0 },
            },
          }),
        ]),
    "data: [DONE]\n\n",
  ];
}

function anthropic(
  tokens: readonly string[],
  used: Used | undefined,
  finish: Finish,
  calls: Calls,
  { thoughts, summary }: Pick<Saying, "thoughts" | "summary">,
): string[] {
  const { input = 0, output = 0, cached = 0 } = used ?? {};
  const usage = { input_tokens: input - cached, cache_read_input_tokens: cached, output_tokens: 1 };
  const reason = { stop: "end_turn", length: "max_tokens", refused: "refusal" }[finish];
  const message = { id: "m1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, usage };
  const before = [
    ...(summary === undefined
      ? []
      : [
          [
            { type: "compaction", content: null },
            { type: "compaction_delta", content: summary },
          ] as const,
        ]),
    ...(thoughts === undefined
      ? []
      : [
          [
            { type: "thinking", thinking: "", signature: "" },
            { type: "thinking_delta", thinking: thoughts },
            { type: "signature_delta", signature: SIGNATURE },
          ] as const,
        ]),
  ];
  const text = before.length;
  return [
    named({ type: "message_start", message }),
    ...before.flatMap(([content_block, ...deltas], index) => [
      named({ type: "content_block_start", index, content_block }),
      ...deltas.map((delta) => named({ type: "content_block_delta", index, delta })),
      named({ type: "content_block_stop", index }),
    ]),
    named({ type: "content_block_start", index: text, content_block: { type: "text", text: "" } }),
    ...tokens.map((token) =>
      named({ type: "content_block_delta", index: text, delta: { type: "text_delta", text: token } }),
    ),
    named({ type: "content_block_stop", index: text }),
    ...calls.flatMap(({ id, name, input }, place) => {
      const index = text + place + 1;
      return [
        { type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } },
        { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: asText(input) } },
        { type: "content_block_stop", index },
      ].map(named);
    }),
    named({
      type: "message_delta",
      delta: { stop_reason: calls.length > 0 ? "tool_use" : reason, stop_sequence: null },
      usage: { output_tokens: output },
    }),
    named({ type: "message_stop" }),
  ];
}

function google(
  tokens: readonly string[],
  used: Used | undefined,
  finish: Finish,
  calls: Calls,
  thoughts: string | undefined,
): string[] {
  const reason = { stop: "STOP", length: "MAX_TOKENS", refused: "SAFETY" }[finish];
  const chunk = (parts: object[], more: object = {}) =>
    data({ candidates: [{ content: { role: "model", parts }, index: 0, ...more }] });
  const usageMetadata = used && {
    promptTokenCount: used.input,
    candidatesTokenCount: used.output - (used.reasoning ?? 0),
    thoughtsTokenCount: used.reasoning ?? 0,
    cachedContentTokenCount: used.cached ?? 0,
    totalTokenCount: used.input + used.output,
  };
  return [
    ...(thoughts === undefined ? [] : [chunk([{ text: thoughts, thought: true }])]),
    ...tokens.map((text) => chunk([{ text }])),
    ...calls.map(({ id, name, input }) =>
      chunk([{ functionCall: { id, name, args: input }, ...(thoughts && { thoughtSignature: SIGNATURE }) }]),
    ),
    data({ candidates: [{ content: { role: "model", parts: [] }, index: 0, finishReason: reason }], usageMetadata }),
  ];
}

function errorOf(protocol: Protocol, status: number, message: string): object {
  if (protocol === "anthropic") return { type: "error", error: { type: "api_error", message } };
  if (protocol === "google") return { error: { code: status, message, status: "INTERNAL" } };
  return { error: { message, type: "server_error", code: null } };
}

/** A text is sent as it is, so that it need not be JSON. */
const asText = (input: unknown): string => (typeof input === "string" ? input : JSON.stringify(input));
