/** What a command reads: a file that is named, or with `-` its input. */
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { PersonaError } from "../errors.ts";

export interface Input {
  /** As it is told to whoever made it. */
  readonly name: string;
  readonly text: string;
}

/** Throws `invalid_input` for what cannot be read, or is not UTF-8. `content` says what would be in it: `personas`. */
export async function readInput(file: string, content: string): Promise<Input> {
  const name = file === "-" ? "The input" : file;
  const bytes = await (file === "-" ? buffer(process.stdin) : bytesOf(file, content));
  if (isUtf8(bytes)) return { name, text: bytes.toString() };
  throw new PersonaError("invalid_input", `${name} is not valid UTF-8; save it in that encoding.`);
}

async function bytesOf(file: string, content: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PersonaError("invalid_input", `${file} cannot be read (${code}); name a file with ${content}.`, {
      cause,
    });
  }
}
