/** Whether the server can be reached, and reaches what it calls. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { LibraryOptions } from "../../config/library.ts";
import type { Config } from "../../config/schema.ts";
import { PersonaError } from "../../errors.ts";
import { isLoopbackHost } from "../../http/loopback.ts";
import { guardedFetch } from "../../net/guarded-fetch.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

export async function port({ host, port: number }: Config["server"], { mode }: Config["auth"]): Promise<Finding> {
  if (mode === "none" && !isLoopbackHost(host.includes(":") ? `[${host}]` : host)) {
    const advice = 'Set auth.mode to "required" and make a key (`persona-runtime keys create`), or bind 127.0.0.1.';
    return failure("port", `${host} can be reached by others, and nobody is asked who they are`, advice);
  }
  const server = createServer();
  try {
    server.listen(number, host);
    await once(server, "listening");
    return ok("port", number === 0 ? "any free one" : `${number} of ${host} is free`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") {
      const advice = "Choose an address of this machine and a port above 1023.";
      return failure("port", `${number} of ${host} cannot be bound (${code})`, advice);
    }
    if (await isOurs(host, number)) return ok("port", `a persona-runtime server runs at ${host}:${number}`);
    return failure(
      "port",
      `${number} of ${host} is taken by another program`,
      "Stop it, or choose another one with --port.",
    );
  } finally {
    server.close();
  }
}

async function isOurs(host: string, number: number): Promise<boolean> {
  const name = host.includes(":") ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${name}:${number}/livez`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return ((await answer.json()) as { alive?: boolean }).alive === true;
  } catch {
    return false;
  }
}

/** The key set of tokens, and the providers: each through the same guard as the server itself. */
export function outside({ auth, providers = {} }: LibraryOptions): Promise<readonly Finding[]> {
  const calls: Promise<Finding>[] = [];
  if (auth?.jwt !== undefined && "jwksUrl" in auth.jwt) {
    const { jwksUrl, allowPrivate } = auth.jwt;
    calls.push(reach("tokens", jwksUrl, {}, allowPrivate));
  }
  for (const [name, provider] of Object.entries(providers)) {
    const { kind, baseUrl = DEFAULT_URLS[kind ?? ""], apiKey, headers = {}, allowPrivate } = provider;
    if (baseUrl === undefined) continue;
    // Lists the models: costs nothing, and tells whether the key is taken.
    const url = `${baseUrl.replace(/\/+$/, "")}/models`;
    calls.push(reach(`provider ${name}`, url, { ...headers, ...authorization(kind, apiKey) }, allowPrivate));
  }
  return Promise.all(calls);
}

const DEFAULT_URLS: Readonly<Record<string, string>> = {
  anthropic: "https://api.anthropic.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
};

function authorization(kind: string | undefined, key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  if (kind === "anthropic") return { "x-api-key": key, "anthropic-version": "2023-06-01" };
  return kind === "google" ? { "x-goog-api-key": key } : { authorization: `Bearer ${key}` };
}

const PATIENCE_MS = 5_000;

async function reach(
  name: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  allowPrivate: boolean | readonly string[] = false,
): Promise<Finding> {
  const { origin } = new URL(url);
  const call = guardedFetch({ allowPrivate, timeoutMs: PATIENCE_MS });
  const begun = performance.now();
  try {
    const answer = await call(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.body?.cancel();
    const found = `${origin} answers ${answer.status} after ${Math.round(performance.now() - begun)} ms`;
    if (answer.status === 401 || answer.status === 403)
      return failure(name, found, "It does not take this key; check api_key.");
    if (answer.status >= 500) return warning(name, found, "It is there, but not well; try again later.");
    const skew = skewOf(answer);
    if (skew === undefined) return ok(name, found);
    return warning(
      name,
      `${found}, and its clock is ${skew} s off ours`,
      "Set the clock: tokens are valid for some time only.",
    );
  } catch (error) {
    if (error instanceof PersonaError) return failure(name, `${origin} may not be called`, error.message);
    const reason = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    return failure(name, `${origin} does not answer (${reason})`, "Check the URL, the network and its proxy.");
  }
}

/** Seconds between its clock and ours, if that is more than a token bears. */
function skewOf({ headers }: Response): number | undefined {
  const seconds = Math.abs(Date.parse(headers.get("date") ?? "") - Date.now()) / 1000;
  return seconds > 60 ? Math.round(seconds) : undefined;
}
