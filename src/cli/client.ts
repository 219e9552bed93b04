/** Calls a server: what the client commands share. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import type * as z from "zod";
import { PersonaError } from "../errors.ts";
import type { eventSchema } from "../http/wire/event.ts";
import { UsageError } from "./usage-error.ts";

export interface ClientOptions {
  readonly url: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** The server's refusal, in its words. Its code may be newer than this program. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.code = code;
    this.status = status;
  }

  /** The same, saying whom it is about. */
  about(subject: string): Refusal {
    return new Refusal(this.code, this.status, `${subject}: ${this.message}`);
  }
}

export type WireEvent = z.output<typeof eventSchema>;

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

interface Exchange<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export class Client {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** Throws a `UsageError` for a URL that no server can have. */
  constructor({ url, key }: ClientOptions) {
    this.#url = checked(url).replace(/\/+$/, "");
    this.#headers = key === undefined || key === "" ? {} : { authorization: `Bearer ${key}` };
  }

  /** The answer's body. Throws a `Refusal`, `server_unreachable` or `server_foreign`. */
  async call<Body>(method: string, path: string, call: Call = {}): Promise<Body> {
    return (await this.exchange<Body>(method, path, call)).body;
  }

  /** The same, with status and headers. */
  async exchange<Body>(method: string, path: string, call: Call = {}): Promise<Exchange<Body>> {
    const response = await this.#fetch(method, path, call);
    const text = await response.text();
    const { headers } = response;
    if (response.status === 204) return { status: 204, headers, body: undefined as Body };
    const body = this.#jsonOf(response, text);
    // `/readyz` answers 503 with what it found.
    if (response.ok || !isProblem(body)) return { status: response.status, headers, body: body as Body };
    throw new Refusal(body.code, body.status, body.detail);
  }

  /** What happens from now on; the stream is open when this resolves. */
  async events(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<AsyncIterable<WireEvent>> {
    const response = await this.#fetch("GET", `/v1/events?${new URLSearchParams(query)}`, { signal });
    if (!response.ok || response.body === null) {
      const body = this.#jsonOf(response, await response.text());
      if (isProblem(body)) throw new Refusal(body.code, body.status, body.detail);
      throw this.#foreign(response);
    }
    const frames = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    return eventsOf(frames);
  }

  async #fetch(method: string, path: string, { body, headers = {}, signal }: Call): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...this.#headers,
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        redirect: "error",
      });
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      const reason = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as Error).message;
      const message = `${this.#url} does not answer (${reason}). Start a server with \`persona-runtime serve\`, or name one with --url.`;
      throw new PersonaError("server_unreachable", message, { cause });
    }
  }

  #jsonOf(response: Response, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#foreign(response);
    }
  }

  #foreign({ status }: Response): PersonaError {
    return new PersonaError(
      "server_foreign",
      `${this.#url} answered ${status}, but not as persona-runtime; see --url.`,
    );
  }
}

/** Says nothing of the text itself, which may hold a password. */
function checked(url: string): string {
  const { protocol, username, password } = URL.parse(url) ?? { protocol: "", username: "", password: "" };
  if (!["http:", "https:"].includes(protocol)) {
    throw new UsageError("--url (PERSONA_RUNTIME_URL) must be the address of a server, such as http://127.0.0.1:8787.");
  }
  if (username !== "" || password !== "") {
    throw new UsageError(
      "--url (PERSONA_RUNTIME_URL) must hold no user name and no password; a server takes a key (--key).",
    );
  }
  return url;
}

async function* eventsOf(frames: AsyncIterable<{ readonly data: string }>): AsyncGenerator<WireEvent> {
  for await (const { data } of frames) yield JSON.parse(data) as WireEvent;
}

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
}

function isProblem(body: unknown): body is Problem {
  return typeof (body as Partial<Problem> | null)?.code === "string" && typeof (body as Problem).detail === "string";
}
