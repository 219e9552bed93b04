/** `persona-runtime mapper`: files of mappers, checked. */
import { counted } from "../counted.ts";
import { PersonaError } from "../errors.ts";
import { checkMapper } from "../mapping/check-mapper.ts";
import { readInput } from "./input.ts";

interface Report {
  readonly file: string;
  /** Undefined when something is wrong with it. */
  readonly mapper?: { readonly id: string; readonly semver: string; readonly rules: number };
  readonly faults: readonly { readonly line?: number | undefined; readonly field: string; readonly message: string }[];
}

/** Names every fault of all files; the exit code is 1 if there is any. */
export async function validateCommand(files: readonly string[], { json }: { readonly json?: boolean }): Promise<void> {
  const reports: Report[] = [];
  for (const file of files) reports.push(await reportOn(file));
  const isWrong = reports.some(({ faults }) => faults.length > 0);
  if (json === true) {
    console.log(JSON.stringify(reports));
    if (isWrong) process.exitCode = 1;
    return;
  }
  for (const { file, mapper } of reports) {
    if (mapper === undefined) continue;
    console.log(`${file} is valid: ${mapper.id} ${mapper.semver}, ${counted(mapper.rules, "rule")}.`);
  }
  if (!isWrong) return;
  const lines = reports.flatMap(({ file, faults }) =>
    faults.map(({ line, field, message }) => {
      return [line === undefined ? file : `${file}:${line}`, field, message].filter((part) => part !== "").join(": ");
    }),
  );
  const message = lines.length === 1 ? `${lines[0]}` : ["Several things are wrong:", ...lines].join("\n  ");
  throw new PersonaError("invalid_mapper", message);
}

async function reportOn(file: string): Promise<Report> {
  const { name, text } = await readInput(file, "a mapper");
  try {
    const { document, compiled } = await checkMapper(text);
    const semver = String(document.metadata.version);
    return { file: name, mapper: { id: compiled.id, semver, rules: compiled.ruleIds.length }, faults: [] };
  } catch (error) {
    if (!(error instanceof PersonaError) || error.code !== "invalid_mapper") throw error;
    return { file: name, faults: error.fields };
  }
}
