/** The wire to a provider: what it may send, and how much. The AI SDK would read on for ever. */
import { PersonaError } from "../errors.ts";
import { bounded } from "../net/bounded.ts";

/** Of one answer, with all that a protocol wraps around a million characters. */
export const MAX_ANSWER_BYTES = 64 * 2 ** 20;
const MAX_ERROR_BYTES = 64 * 2 ** 10;

/**
 * Calls through `fetch`, follows no redirect, and gives only answers of this type (event streams, unless it says
 * otherwise), or errors, of bounded length.
 */
export function boundedFetch(name: string, call: typeof fetch, wanted = "text/event-stream"): typeof fetch {
  return async (input, init) => {
    const response = await call(input, { ...init, redirect: "manual" });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new PersonaError("provider_failed", `${name} answered with a redirect, which is not followed`);
    }
    const type = response.headers.get("content-type") ?? "";
    if (response.ok && type.split(";", 1)[0]?.trim().toLowerCase() !== wanted) {
      await response.body?.cancel();
      throw new PersonaError("provider_failed", `${name} answered with ${shown(type)} instead of ${wanted}`);
    }
    if (response.body === null) return response;
    const most = response.ok ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES;
    const tooMuch = () => new PersonaError("provider_failed", `${name} sent more than ${most} bytes`);
    return new Response(bounded(response.body, most, tooMuch), response);
  };
}

const shown = (type: string): string => (/^[\w.+-]+\/[\w.+-]+/.exec(type) ?? ["no content type"])[0];
