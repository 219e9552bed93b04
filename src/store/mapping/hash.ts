import { hash } from "node:crypto";

/** What stands for a person where the person must not be named: 64 hexadecimal digits, of this database only. */
export function personHash(tenant: string, person: string, salt: number): string {
  return hash("sha256", `${salt}\0${tenant}\0${person}`);
}
