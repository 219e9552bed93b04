let schemas = 0;

/**
 * What suites that need no particular store run over: in memory, or where `PERSONA_TEST_STORE` is the URL of a
 * PostgreSQL database, in a schema there that nobody has used before.
 */
export function testStore(): string {
  const url = process.env["PERSONA_TEST_STORE"];
  if (url === undefined) return "memory";
  schemas += 1;
  return `${url}&schema=t_${process.pid}_${Date.now()}_${schemas}`;
}
