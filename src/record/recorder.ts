/** Writes turns into a file, in the order in which they end. Whatever happens to the file harms no turn. */

import { once } from "node:events";
import { closeSync, createWriteStream, fstatSync, openSync, readSync, type WriteStream } from "node:fs";
import { manifest } from "../manifest.ts";
import type { PersonaWarning } from "../types.ts";
import { decode, encode, FORMAT, type Line } from "./format.ts";
import { type Subject, Tape } from "./tape.ts";

/** Bytes that wait for the disk; what comes then is left out. */
const MAX_WAITING = 64 * 1024 * 1024;
/** The header of a recording is shorter. */
const HEADER_BYTES = 4_096;

export class Recorder {
  readonly #stream: WriteStream;
  readonly #warn: (warning: PersonaWarning) => void;
  /** Turns that were left out since the disk fell behind. */
  #missed = 0;
  #failed = false;

  /** Undefined, with a warning, if the file cannot be used. Appends to a recording that is there. */
  static open(
    file: string,
    run: { readonly seed: number; readonly at: number },
    warn: (warning: PersonaWarning) => void,
  ): Recorder | undefined {
    try {
      const isWhole = checkPresent(file);
      const stream = createWriteStream(file, { fd: openSync(file, "a", 0o600) });
      const recorder = new Recorder(stream, warn);
      if (!isWhole) stream.write("\n");
      const { version } = manifest;
      recorder.#write({ type: "header", format: FORMAT, package: "persona-runtime", version, ...run });
      return recorder;
    } catch (cause) {
      warn({ code: "recording_failed", message: `Nothing is recorded: ${file} cannot be used for it`, cause });
      return undefined;
    }
  }

  private constructor(stream: WriteStream, warn: (warning: PersonaWarning) => void) {
    this.#stream = stream;
    this.#warn = warn;
    stream.on("error", (cause) => this.#fail(cause));
  }

  tape(subject: Subject): Tape | undefined {
    return this.#failed ? undefined : new Tape(subject, (line) => this.#take(line));
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    if (this.#failed) return;
    this.#catchUp();
    this.#stream.end();
    await once(this.#stream, "close").catch(() => {});
  }

  #take(line: Line): void {
    if (this.#failed) return;
    if (this.#stream.writableLength > MAX_WAITING) {
      if (this.#missed === 0)
        this.#warn({ code: "recording_behind", message: "Turns are left out of the recording: the disk is too slow" });
      this.#missed += 1;
      return;
    }
    this.#catchUp();
    this.#write(line);
  }

  #catchUp(): void {
    if (this.#missed === 0) return;
    this.#write({ type: "left_out", turns: this.#missed, reason: "the disk was too slow" });
    this.#missed = 0;
  }

  #write(line: Line): void {
    this.#stream.write(encode(line));
  }

  #fail(cause: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stream.destroy();
    this.#warn({ code: "recording_failed", message: "The recording cannot be written any more, and has ended", cause });
  }
}

/** Whether what is there ends with a whole line; throws if it is another kind of file. */
function checkPresent(file: string): boolean {
  const descriptor = openSync(file, "a+", 0o600);
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return true;
    const bytes = Buffer.alloc(Math.min(size, HEADER_BYTES));
    readSync(descriptor, bytes, 0, bytes.length, 0);
    decode(bytes.toString().split("\n", 1)[0] ?? "", 1);
    readSync(descriptor, bytes, 0, 1, size - 1);
    return bytes[0] === "\n".charCodeAt(0);
  } finally {
    closeSync(descriptor);
  }
}
