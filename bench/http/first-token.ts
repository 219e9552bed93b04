/**
 * From a question to the first token: asked of the provider itself, through the AI SDK alone, and of a persona. The first
 * two send the prompt that the persona's question became, so that all ask for the same.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type ModelMessage, streamText } from "ai";
import WebSocket from "ws";
import { measured } from "../support/isolated.ts";
import { TOKENS } from "./tokens.ts";

interface Server {
  readonly port: number;
  readonly secret: string;
}

export interface FirstTokenOptions {
  readonly baseUrl: string;
  readonly memory: Server;
  readonly file: Server;
  /** Whether each question comes from somebody new, or all from one, whose session is as long as a prompt has room for. */
  readonly fresh: boolean;
  /** No number of a question comes twice. */
  readonly first: number;
  readonly warmUp: number;
  readonly count: number;
}

export const WAYS = ["provider", "sdk", "memory", "file"] as const;
export type Way = (typeof WAYS)[number];
/** Milliseconds, one for each question. */
export type FirstTokens = Readonly<Record<Way, Float64Array>>;

type Prompt = readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[];

const REPLY = TOKENS.join("");

await measured(async (options: FirstTokenOptions): Promise<FirstTokens> => {
  const { baseUrl, memory, file, fresh, warmUp, count } = options;
  const model = createOpenAICompatible({ name: "local", baseURL: baseUrl })("small");
  const sockets = { memory: await open(memory), file: await open(file) };
  const result = Object.fromEntries(WAYS.map((name) => [name, new Float64Array(count)])) as FirstTokens;
  // One after the other, and each beside the others: a slow moment of the machine hits all alike.
  for (let n = -warmUp; n < count; n += 1) {
    const number = options.first + warmUp + n;
    const text = `Question ${number}: what is a prime?`;
    const from = fresh ? `user:${number}` : "user:one";
    const times: Record<Way, number> = { provider: 0, sdk: 0, memory: 0, file: 0 };
    times.memory = await ofPersona(sockets.memory, text, from);
    times.file = await ofPersona(sockets.file, text, from);
    const prompt = await lastPrompt(baseUrl);
    if (prompt.at(-1)?.content !== text) throw new Error(`The persona asked: ${JSON.stringify(prompt)}`);
    times.provider = await ofProvider(baseUrl, prompt);
    times.sdk = await ofSdk(model, prompt);
    if (n >= 0) for (const way of WAYS) result[way][n] = times[way];
  }
  sockets.memory.close();
  sockets.file.close();
  return result;
});

async function lastPrompt(baseUrl: string): Promise<Prompt> {
  return (await (await ask(baseUrl, { model: "prompt" })).json()) as Prompt;
}

function ask(baseUrl: string, body: object): Promise<Response> {
  return fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function ofProvider(baseUrl: string, messages: Prompt): Promise<number> {
  const began = performance.now();
  const response = await ask(baseUrl, { model: "small", stream: true, messages });
  const decoder = new TextDecoder();
  let heard = "";
  let first = 0;
  for await (const chunk of response.body ?? []) {
    heard += decoder.decode(chunk, { stream: true });
    if (first === 0 && heard.includes(TOKENS[0] ?? "")) first = performance.now() - began;
  }
  if (!heard.includes(TOKENS.at(-1) ?? "")) throw new Error(`The provider said: ${heard}`);
  return first;
}

async function ofSdk(model: Parameters<typeof streamText>[0]["model"], prompt: Prompt): Promise<number> {
  const [{ content: instructions } = { content: "" }, ...messages] = prompt;
  const began = performance.now();
  let first = 0;
  let heard = "";
  const { textStream } = streamText({ model, instructions, messages: messages as ModelMessage[], maxRetries: 0 });
  for await (const token of textStream) {
    if (first === 0) first = performance.now() - began;
    heard += token;
  }
  if (heard !== REPLY) throw new Error(`The SDK said: ${heard}`);
  return first;
}

function ofPersona(socket: WebSocket, text: string, from: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let first = 0;
    let heard = "";
    const listen = (data: WebSocket.RawData) => {
      const frame = JSON.parse(String(data));
      if (frame.type === "token") {
        if (first === 0) first = performance.now() - began;
        heard += frame.token;
      }
      if (frame.type === "problem") reject(new Error(String(data)));
      if (frame.type !== "turn") return;
      socket.off("message", listen);
      if (frame.outcome === "answered" && heard === REPLY) resolve(first);
      else reject(new Error(`${frame.outcome}: ${heard}`));
    };
    socket.on("message", listen);
    socket.send(JSON.stringify({ type: "send", persona: "ada", text, from }));
  });
}

function open({ port, secret }: Server): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${secret}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, { headers });
    socket.once("message", () => resolve(socket));
    socket.once("error", reject);
  });
}
