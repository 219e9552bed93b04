/** Which addresses are of the open internet, and which lead somewhere inside (IANA's special-purpose registries). */
import { BlockList, isIPv4 } from "node:net";

const NOT_PUBLIC_V4 = [
  "0.0.0.0/8", // this network; 0.0.0.0 reaches this machine
  "10.0.0.0/8",
  "100.64.0.0/10", // shared with the carrier; metadata of one cloud
  "127.0.0.0/8",
  "168.63.129.16/32", // the host of another cloud's machines
  "169.254.0.0/16", // link-local; metadata of most clouds
  "172.16.0.0/12",
  "192.0.0.0/24", // protocol assignments; metadata of yet another cloud
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** Within 2000::/3, which is all that is routed. */
const NOT_PUBLIC_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** RFC 6052: the last 32 bits are an IPv4 address, which counts. */
const NAT64 = "64:ff9b::";

const v4 = new BlockList();
const v6 = new BlockList();
for (const network of NOT_PUBLIC_V4) {
  const [address = "", prefix] = network.split("/");
  v4.addSubnet(address, Number(prefix), "ipv4");
  v6.addSubnet(`${NAT64}${address}`, 96 + Number(prefix), "ipv6");
}
for (const network of NOT_PUBLIC_V6) {
  const [address = "", prefix] = network.split("/");
  v6.addSubnet(address, Number(prefix), "ipv6");
}
// Everything outside of 2000::/3, but for NAT64: loopback, IPv4 in its old forms, unique local, link-local, multicast.
v6.addRange("::", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "ipv6");
v6.addRange("64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ipv6");
v6.addSubnet("4000::", 2, "ipv6");
v6.addSubnet("8000::", 1, "ipv6");

/** @param address As the resolver or `URL.hostname` (without brackets) gives it. */
export function isPublicAddress(address: string): boolean {
  return isIPv4(address) ? !v4.check(address, "ipv4") : !v6.check(address, "ipv6");
}
