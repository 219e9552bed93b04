/** The `persona-runtime/server` entry: a runtime on a port of this machine. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { after, systemClock } from "./clock.ts";
import { PersonaError } from "./errors.ts";
import { type AppOptions, createApp, DEFAULT_GRACE_MS } from "./http/app.ts";
import { isLoopbackAddress } from "./http/loopback.ts";
import type { Runtime } from "./types.ts";

export { type AppOptions, createApp };

export interface ServeOptions extends AppOptions {
  readonly runtime: Runtime;
  /** A name or address of this machine; unless `auth` has the mode `required`, one of loopback. Default `127.0.0.1`. */
  readonly host?: string;
  /** 0..65535; 0 takes a free one. */
  readonly port: number;
}

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Accepts nothing new, ends event streams, lets requests finish. The runtime stays open: it is its owner's. */
  close(): Promise<void>;
}

/** Throws `bind_refused`, `port_in_use`, or `invalid_input` for what is no port. */
export async function serve(options: ServeOptions): Promise<Server> {
  const { runtime, host = "127.0.0.1", port, auth, clock = systemClock(), graceMs = DEFAULT_GRACE_MS } = options;
  const address = await (auth?.mode === "required" ? addressOf(host) : loopbackAddress(host));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PersonaError("invalid_input", "The port must be a whole number from 0 to 65535.", {
      fields: [{ field: "port", message: "must be a whole number from 0 to 65535" }],
    });
  }
  const app = await createApp(runtime, { ...options, clock });
  let url: string;
  try {
    url = await app.listen({ host: address, port });
  } catch (error) {
    await app.close();
    throw bindError(error, address, port);
  }
  let closed: Promise<void> | undefined;
  const close = async () => {
    const cancel = after(clock, graceMs + LAST_WORDS_MS, () => app.server.closeAllConnections());
    await app.close().finally(cancel);
  };
  return { url, close: () => (closed ??= close()) };
}

/** After the grace the last waits are answered without a reply; then clients that do not even finish their request are cut off. */
const LAST_WORDS_MS = 1_000;

/** `localhost` as an address, so that exactly what was checked is bound. */
async function loopbackAddress(host: string): Promise<string> {
  const address = host === "localhost" ? await addressOf(host) : host;
  if (isIP(address) !== 0 && isLoopbackAddress(address)) return address;
  const message = `${host} is not a loopback address: bind 127.0.0.1, ::1 or localhost, or require authentication.`;
  throw new PersonaError("bind_refused", message);
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new PersonaError("bind_refused", `${host} has no address; bind a name or address of this machine.`, {
      cause,
    });
  }
}

function bindError(error: unknown, address: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new PersonaError("port_in_use", `Port ${port} of ${address} is in use; choose another one.`, {
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new PersonaError("bind_refused", `Port ${port} of ${address} cannot be bound (${code}).`, { cause: error });
  }
  return error;
}
