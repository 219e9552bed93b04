/** What counts as this machine itself. */
import { isIPv4 } from "node:net";

/** 127.0.0.0/8 and ::1, in the form in which Node prints addresses. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || (isIPv4(address) && address.startsWith("127."));
}

/** Whether a Host header, with or without a port, names this machine: `localhost:8080`, `127.0.0.1`, `[::1]:80`. */
export function isLoopbackHost(host: string): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1];
  return name === "localhost" || name === "[::1]" || (name !== undefined && isLoopbackAddress(name));
}
