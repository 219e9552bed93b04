/** Models of the AI SDK, listened in on and played back at the level of their stream. */
import type { Callable } from "../cognition/tap.ts";
import type { RecordedCall } from "./format.ts";
import { packError, unpackError } from "./packed-error.ts";

/** What a language model of the AI SDK is, as far as the two have to know it. */
interface LanguageModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: unknown;
  doStream(options: object): PromiseLike<{ readonly stream: ReadableStream<unknown> }>;
}

/** The settings of a line that are seen in its calls. A provider's have its key beside them. */
const SETTINGS = ["maxOutputTokens", "temperature", "providerOptions", "abilities"];

/** Options that are not the question: they end a call, or say who asks. */
const UNHEARD = new Set(["abortSignal", "headers"]);

export interface Listener {
  /** A call begins; it is filled while its stream is read. */
  call(call: RecordedCall): void;
  /** So much more is kept. */
  grow(piece: unknown): void;
}

/** The same model; what it is asked and what it streams is told to the listener. */
export function listenedTo<Model>({ name, model, options, redact }: Callable<Model>, listener: Listener): Model {
  const heard = model as unknown as LanguageModel;
  const settings = Object.fromEntries(Object.entries(options).filter(([key]) => SETTINGS.includes(key)));
  const doStream = async (asked: object) => {
    const { specificationVersion, provider, modelId } = heard;
    const face = { specificationVersion, provider, modelId };
    const options = questionOf(asked);
    const call: Writable<RecordedCall> = { model: name, face, settings, options, parts: [], end: "open" };
    listener.call(call);
    listener.grow(call);
    try {
      const { stream } = await heard.doStream(asked);
      return { stream: copied(stream, call, listener, redact) };
    } catch (error) {
      Object.assign(call, { end: "refused", error: packError(error, redact) });
      throw error;
    }
  };
  return faceOf(heard, doStream) as Model;
}

/** A model that streams what was recorded. `end` is called where the recording knows no more. */
export function playedBack<Model>(
  { name, model }: Callable<Model>,
  next: (name: string, options: unknown) => RecordedCall,
  end: () => void,
): Model {
  const doStream = async (asked: object) => {
    const call = next(name, questionOf(asked));
    if (call.end === "refused") throw unpackError(call.error);
    let at = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (at < call.parts.length) {
          controller.enqueue(unpackPart(call.parts[at]));
          at += 1;
        } else if (call.end === "closed") controller.close();
        else if (call.end === "broken") controller.error(unpackError(call.error));
        else return end();
      },
    });
    return { stream };
  };
  return faceOf(model as unknown as LanguageModel, doStream) as Model;
}

type Writable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

function faceOf({ provider, modelId, specificationVersion, supportedUrls }: LanguageModel, doStream: unknown): unknown {
  return { specificationVersion, provider, modelId, supportedUrls, doStream };
}

/** What reads it decides how fast it flows. */
function copied(
  stream: ReadableStream<unknown>,
  call: Writable<RecordedCall>,
  listener: Listener,
  redact: (text: string) => string,
): ReadableStream<unknown> {
  const reader = stream.getReader();
  return new ReadableStream<unknown>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          call.end = "closed";
          controller.close();
          return;
        }
        const part = packPart(value, redact);
        call.parts.push(part);
        listener.grow(part);
        controller.enqueue(value);
      } catch (error) {
        if (call.end === "open") Object.assign(call, { end: "broken", error: packError(error, redact) });
        controller.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function questionOf(asked: object): unknown {
  return plain(Object.fromEntries(Object.entries(asked).filter(([name]) => !UNHEARD.has(name))));
}

/** As JSON keeps it. */
export const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

function packPart(part: unknown, redact: (text: string) => string): unknown {
  const { type, error } = part as { type?: unknown; error?: unknown };
  if (type === "error") return { type, error: packError(error, redact) };
  return plain(part);
}

function unpackPart(part: unknown): unknown {
  const { type, error, timestamp } = part as { type?: unknown; error?: unknown; timestamp?: unknown };
  if (type === "error") return { type, error: unpackError(error) };
  if (typeof timestamp === "string") return { ...(part as object), timestamp: new Date(timestamp) };
  return part;
}
