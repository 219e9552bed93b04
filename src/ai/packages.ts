/** The packages that only those need who use them. */
import { PersonaError } from "../errors.ts";

let sdk: typeof import("ai") | undefined;

/** Loaded when it is first needed. Throws `package_missing`. */
export async function loadSdk(): Promise<typeof import("ai")> {
  // An import of what is there already still costs a tenth of a millisecond.
  sdk ??= await load("ai", 7, () => import("ai"));
  return sdk;
}

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
