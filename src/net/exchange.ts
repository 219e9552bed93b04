/**
 * One request and its answer, at the level of undici's dispatcher. Its `fetch` gives the same, and takes two to three
 * times as long for it: a millisecond that everybody would wait who asks a model nearby.
 */
import type { Dispatcher } from "undici";
import { PersonaError } from "../errors.ts";

export interface Asked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | null | undefined;
}

/** Redirects are an answer like others. Rejects, and the body fails, with what `fetch` says. */
export function exchange(dispatcher: Dispatcher, asked: Asked): Promise<Response> {
  asked.signal?.throwIfAborted();
  const { url, method, headers, body, signal } = asked;
  const answer = new Answer(method, signal);
  dispatcher.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers, body }, answer);
  return answer.head;
}

/** Bytes of a body that are read before they are asked for. */
const MAX_AHEAD = 65_536;
/** Answers that have no body, whatever their head says. */
const BODILESS = new Set([204, 205, 304]);

type Received = Readonly<Record<string, string | string[] | undefined>>;

class Answer implements Dispatcher.DispatchHandler {
  readonly head: Promise<Response>;
  readonly #resolve: (head: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #isHead: boolean;
  readonly #signal: AbortSignal | null | undefined;
  /** From when the request is on its way. */
  #request: Dispatcher.DispatchController | undefined;
  /** While the body may still grow. */
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(method: string, signal: Asked["signal"]) {
    ({ promise: this.head, resolve: this.#resolve, reject: this.#reject } = Promise.withResolvers<Response>());
    this.#isHead = method === "HEAD";
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  onRequestStart(request: Dispatcher.DispatchController): void {
    this.#request = request;
    if (this.#signal?.aborted) this.#abort();
  }

  onResponseStart(request: Dispatcher.DispatchController, status: number, headers: Received, statusText = ""): void {
    // Others only announce the answer.
    if (status < 200) return;
    const body = this.#isHead || BODILESS.has(status) ? null : this.#bodyOf(request);
    try {
      this.#resolve(new Response(body, { status, statusText, headers: headersOf(headers) }));
    } catch (error) {
      // There are no statuses from 600 on.
      request.abort(error as Error);
    }
  }

  onResponseData(request: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.enqueue(chunk);
    if ((this.#body?.desiredSize ?? 1) <= 0) request.pause();
  }

  onResponseEnd(): void {
    this.#body?.close();
    this.#end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const isPlain = error instanceof PersonaError || (this.#signal?.aborted && error === this.#signal.reason);
    this.#reject(isPlain ? error : new TypeError("fetch failed", { cause: error }));
    this.#body?.error(isPlain ? error : new TypeError("terminated", { cause: error }));
    this.#end();
  }

  #bodyOf(request: Dispatcher.DispatchController): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        start: (controller) => {
          this.#body = controller;
        },
        pull: () => request.resume(),
        cancel: (reason) => {
          this.#end();
          request.abort(reason instanceof Error ? reason : new DOMException("The body was cancelled", "AbortError"));
        },
      },
      { highWaterMark: MAX_AHEAD, size: (chunk) => chunk.byteLength },
    );
  }

  /** Also while it still waits for a connection, which may take long. */
  readonly #abort = (): void => {
    const reason = this.#signal?.reason;
    this.#reject(reason);
    this.#body?.error(reason);
    this.#end();
    this.#request?.abort(reason);
  };

  #end(): void {
    this.#body = undefined;
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

function headersOf(received: Received): Headers {
  const headers = new Headers();
  for (const [name, value = []] of Object.entries(received))
    for (const one of [value].flat()) headers.append(name, one);
  return headers;
}
