import { PersonaError } from "../../errors.ts";

/** The driver, which only those need who use it: loaded when it is asked for. Throws `package_missing`. */
export async function loadDriver(): Promise<Pick<typeof import("pg"), "Client">> {
  try {
    return await import("pg");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("'pg'")) throw cause;
    const advice = "A store in PostgreSQL needs the package pg, which is optional: npm install pg@8";
    throw new PersonaError("package_missing", advice, { cause });
  }
}
