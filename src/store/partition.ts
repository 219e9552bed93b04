/** FNV-1a over `tenant`, a zero byte and the id, modulo 256: the same on every node and for ever. */
export function partitionOf(tenant: string, id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${tenant}\0${id}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % 256;
}
