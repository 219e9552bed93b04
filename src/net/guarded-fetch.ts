/** `fetch` for URLs that somebody configured: they must not lead into the network that this process stands in. */
import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { Agent } from "undici";
import { PersonaError } from "../errors.ts";
import { isPublicAddress } from "./addresses.ts";
import { bounded } from "./bounded.ts";
import { type Asked, exchange } from "./exchange.ts";

export interface GuardOptions {
  /**
   * Where plain http and addresses that are not public are allowed: nowhere (`false`, the default), everywhere, or at
   * these origins (`http://127.0.0.1:11434`), exactly.
   */
  readonly allowPrivate?: boolean | readonly string[];
  /** Most milliseconds until the connection stands, until the head of the answer, and between two pieces of it. Default 30 000. */
  readonly timeoutMs?: number;
  /** Most bytes of an answer's body, unpacked. Default 16 MiB. */
  readonly maxBytes?: number;
  /** All addresses of a host name. Default: as the system resolves it. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

/** How answers may be packed. */
const PACKINGS = ["gzip", "deflate"] as const;

export interface Address {
  readonly address: string;
  readonly family: number;
}

/**
 * Calls only https at public addresses, unless more is allowed. All addresses of a host are checked whenever a
 * connection is made, which then goes to one of those that were checked: a name that means another address a moment
 * later gains nothing. Redirects are not followed.
 *
 * Rejects with `url_refused`, and with `response_too_large` where the body is read; with whatever `fetch` does otherwise.
 */
export function guardedFetch(options: GuardOptions = {}): typeof fetch {
  const { allowPrivate = false, timeoutMs = 30_000, maxBytes = 16 * 1024 * 1024, resolve = resolveAll } = options;
  const agent = (lookup: LookupFunction) =>
    new Agent({ connect: { timeout: timeoutMs, lookup }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const guarded = agent(lookupBy(async (host) => assertPublic(host, await resolve(host))));
  const free = agent(lookupBy(resolve));
  const mayBePrivate = ({ origin }: URL) =>
    typeof allowPrivate === "boolean" ? allowPrivate : allowPrivate.includes(origin);

  return async (input, init) => {
    const url = input instanceof Request ? new URL(input.url) : parse(input);
    const anywhere = mayBePrivate(url);
    assertCallable(url, anywhere);
    const asked = await askedOf(input, init);
    const answer = await exchange(anywhere ? free : guarded, { ...asked, url });
    if (answer.status >= 300 && answer.status < 400) {
      await answer.body?.cancel();
      throw refused(url.host, `answers ${answer.status}; redirects are not followed, so name the final URL`);
    }
    const body = unpacked(answer);
    const tooMuch = () => new PersonaError("response_too_large", `${url.host} answered more than ${maxBytes} bytes.`);
    return new Response(body && bounded(body, maxBytes, tooMuch), answer);
  };
}

function parse(input: string | URL): URL {
  const url = URL.parse(String(input));
  if (url === null) throw refused("The URL", "cannot be read; write it as in https://host/path");
  return url;
}

/** What can be seen without asking anybody. A host that is an address is never looked up, so it is checked here. */
function assertCallable(url: URL, anywhere: boolean): void {
  const { protocol, hostname, host, port } = url;
  if (protocol !== "https:" && !(anywhere && protocol === "http:")) throw refused(host || "The URL", "must be https");
  if (url.username !== "" || url.password !== "") throw refused(host, "must be called without user and password");
  if (port === "0") throw refused(host, "has a port that nothing can listen on");
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!anywhere && isIP(address) !== 0) assertPublic(hostname, [{ address, family: isIP(address) }]);
}

/** All or none: a host that has one address inside is not trusted with the others. */
function assertPublic(host: string, addresses: readonly Address[]): readonly Address[] {
  if (addresses.every(({ address }) => isPublicAddress(address))) return addresses;
  throw refused(host, "leads to an address that is not public; allow its origin if that is meant");
}

async function resolveAll(host: string): Promise<readonly Address[]> {
  return systemLookup(host, { all: true });
}

/** In the form in which `net.connect` asks for addresses: it connects to one of these, and resolves nothing itself. */
function lookupBy(resolve: (host: string) => Promise<readonly Address[]>): LookupFunction {
  return (host, { all }, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(new Error(`${host} has no address`), "");
        else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, ""),
    );
  };
}

/** A text goes as it is; what else a body can be is read first. */
async function askedOf(input: string | URL | Request, init: RequestInit = {}): Promise<Omit<Asked, "url">> {
  const { body = null, method = "GET", signal } = init;
  if (input instanceof Request || (body !== null && typeof body !== "string")) {
    const request = new Request(input, init);
    const bytes = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    return { method: request.method, headers: complete(request.headers), body: bytes, signal: request.signal };
  }
  const headers = complete(new Headers(init.headers));
  if (body !== null && !headers.has("content-type")) headers.set("content-type", "text/plain;charset=UTF-8");
  return { method: method.toUpperCase(), headers, body, signal };
}

function complete(given: Headers): Headers {
  const headers = new Headers(given);
  for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value);
  return headers;
}

/** What every request says, unless it says something else. */
const HEADERS = [
  ["accept", "*/*"],
  ["accept-encoding", PACKINGS.join(", ")],
  ["user-agent", "persona-runtime"],
] as const;

function unpacked({ body, headers }: Response): ReadableStream<Uint8Array> | null {
  const encoding = headers.get("content-encoding")?.toLowerCase();
  const packing = PACKINGS.find((one) => one === encoding);
  if (body === null || packing === undefined) return body;
  return body.pipeThrough(new DecompressionStream(packing) as ReadableWritablePair<Uint8Array, Uint8Array>);
}

function refused(what: string, why: string): PersonaError {
  return new PersonaError("url_refused", `${what} ${why}.`);
}
