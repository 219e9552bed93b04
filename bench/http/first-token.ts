/** From a question to the first token: asked of the provider itself, through the AI SDK alone, and of a persona. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";
import WebSocket from "ws";
import { measured } from "../support/isolated.ts";
import { TOKENS } from "./tokens.ts";

interface Options {
  readonly baseUrl: string;
  readonly port: number;
  readonly secret: string;
  readonly warmUp: number;
  readonly count: number;
}

/** Milliseconds, one for each question. */
export type FirstTokens = Readonly<Record<"provider" | "sdk" | "persona", Float64Array>>;

const REPLY = TOKENS.join("");

await measured(async ({ baseUrl, port, secret, warmUp, count }: Options): Promise<FirstTokens> => {
  const model = createOpenAICompatible({ name: "local", baseURL: baseUrl })("small");
  const socket = await open(port, secret);
  const ask = {
    provider: (text: string) => ofProvider(baseUrl, text),
    sdk: (text: string) => ofSdk(model, text),
    persona: (text: string) => ofPersona(socket, text),
  };
  const result = Object.fromEntries(Object.keys(ask).map((name) => [name, new Float64Array(count)]));
  // One after the other, and each beside the others: a slow moment of the machine hits all alike.
  for (let n = -warmUp; n < count; n += 1) {
    for (const [name, first] of Object.entries(ask)) {
      const ms = await first(`Question ${n}: what is a prime?`);
      if (n >= 0) (result[name] as Float64Array)[n] = ms;
    }
  }
  socket.close();
  return result as FirstTokens;
});

async function ofProvider(baseUrl: string, text: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "small", stream: true, messages: [{ role: "user", content: text }] }),
  });
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

async function ofSdk(model: Parameters<typeof streamText>[0]["model"], text: string): Promise<number> {
  const began = performance.now();
  let first = 0;
  let heard = "";
  for await (const token of streamText({ model, prompt: text, maxRetries: 0 }).textStream) {
    if (first === 0) first = performance.now() - began;
    heard += token;
  }
  if (heard !== REPLY) throw new Error(`The SDK said: ${heard}`);
  return first;
}

function ofPersona(socket: WebSocket, text: string): Promise<number> {
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
    socket.send(JSON.stringify({ type: "send", persona: "ada", text, from: "user:7" }));
  });
}

function open(port: number, secret: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${secret}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, { headers });
    socket.once("message", () => resolve(socket));
    socket.once("error", reject);
  });
}
