/** The requests of the throughput cases, as bytes, and what their answers must be. */
import { replyTo } from "../path/workload.ts";

export interface Shape {
  readonly personas: number;
  readonly users: number;
  /** Messages in each request: 1, or as many as `POST /v1/messages` takes. */
  readonly perRequest: number;
}

/** What a function answers to each message. */
export const answerTo = replyTo;

/** Request number `n`: consecutive messages go to different personas, those to one persona come from different users. */
export function requestAt(n: number, { personas, users, perRequest }: Shape, secret: string): Buffer {
  const messages = Array.from({ length: perRequest }, (_, index) => {
    const number = n * perRequest + index;
    return {
      persona: `p${number % personas}`,
      text: `Message ${number}: how do you find the tide?`,
      from: `user:${Math.floor(number / personas) % users}`,
      // Chat that waits is merged into one turn; each of these has one of its own, however many wait.
      lane: "task",
      idempotency_key: `message-${number}`,
    };
  });
  const [first] = messages;
  if (perRequest > 1 || first === undefined) return post("/v1/messages", { messages }, secret);
  const { persona, idempotency_key: key, ...body } = first;
  return post(`/v1/personas/${persona}/messages`, body, secret, `idempotency-key: ${key}\r\n`);
}

function post(path: string, body: object, secret: string, headers = ""): Buffer {
  const text = JSON.stringify(body);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${secret}\r\ncontent-type: application/json\r\n` +
      `${headers}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

/** Throws unless each message was accepted now, and under an id that none before had. */
export function checkAnswer(status: number, text: string, perRequest: number, seen: Set<string>): void {
  const body = JSON.parse(text);
  const accepted = perRequest === 1 ? [body] : body.results.map((one: { accepted: unknown }) => one.accepted);
  if (accepted.length !== perRequest || status !== (perRequest === 1 ? 202 : 200))
    throw new Error(`${status}: ${text}`);
  for (const { message_id: id, items, replayed } of accepted) {
    if (items.length !== 1 || replayed || seen.has(id)) throw new Error(`${status}: ${text}`);
    seen.add(id);
  }
}
