/** The proxies before this server. */
import { isIP } from "node:net";
import * as z from "zod";

/** Addresses or networks of proxies whose word is taken on who called them. */
export const proxiesSchema = z
  .array(z.string().refine(isNetwork, "must be an address or a network, such as 10.0.0.0/8"))
  .default([]);

function isNetwork(text: string): boolean {
  const [, address = "", prefix] = /^([0-9a-f:.]+)(?:\/([1-9]\d{0,2}))?$/i.exec(text) ?? [];
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return Number(prefix ?? 1) <= bits;
}
