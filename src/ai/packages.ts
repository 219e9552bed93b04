/** The packages that only those need who use them. */
import { PersonaError } from "../errors.ts";

/** Loaded when it is first needed. Throws `package_missing`. */
export const loadSdk = () => load("ai", 7, () => import("ai"));

/** Runs an import; throws `package_missing` with what to install if the package itself is not there. */
export async function load<Module>(name: string, version: number, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes(`'${name}'`)) throw cause;
    throw new PersonaError(
      "package_missing",
      `persona-runtime/ai needs the package ${name} here, which is optional: npm install ${name}@${version}`,
      { cause },
    );
  }
}
