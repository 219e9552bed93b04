/** `persona-runtime vad`: where somebody speaks in WAV files. */
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { buffer } from "node:stream/consumers";
import { PersonaError } from "../errors.ts";
import { type DetectOptions, detectSpeech, type SpeechSegment } from "../voice/detect-speech.ts";
import { progressBar } from "./progress.ts";
import { printable, table } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export interface VadOptions extends Pick<DetectOptions, "detector" | "channel" | "threshold"> {
  readonly minSpeech?: number;
  readonly minSilence?: number;
  readonly json?: boolean;
  readonly rttm?: boolean;
}

interface Found {
  readonly file: string;
  readonly segments: readonly SpeechSegment[];
}

/** Prints nothing unless every file can be read. */
export async function vadCommand(files: readonly string[], options: VadOptions): Promise<void> {
  const { json, rttm, minSpeech, minSilence, ...rest } = options;
  if (json === true && rttm === true) throw new UsageError("Give either --json or --rttm.");
  if (rttm === true) assertTold(files);
  const detect: DetectOptions = {
    ...rest,
    ...(minSpeech !== undefined && { minSpeechMs: minSpeech }),
    ...(minSilence !== undefined && { minSilenceMs: minSilence }),
  };
  const found: Found[] = [];
  for (const file of files) {
    const bytes = await wavOf(file);
    found.push({ file, segments: inFile(file, () => segmentsOf(file, bytes, detect)) });
  }
  if (json === true) console.log(JSON.stringify(found.map(asJson)));
  else if (rttm === true) {
    for (const one of found) for (const line of asRttm(one, options.channel)) console.log(line);
  } else console.log(asText(found));
}

/** The bytes of a file, or with `-` of the input; throws `invalid_input` for what cannot be read. */
export async function wavOf(file: string): Promise<Buffer> {
  if (file === "-") return buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PersonaError("invalid_input", `${file} cannot be read (${code}); name a WAV file.`, { cause });
  }
}

/** Runs something on a file; what it throws says in which. */
export function inFile<Result>(file: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    const { code, message, fields } = error;
    throw new PersonaError(code, `${file}: ${message}`, { fields, cause: error });
  }
}

function segmentsOf(file: string, bytes: Uint8Array, options: DetectOptions): readonly SpeechSegment[] {
  const bar = progressBar(basename(file));
  try {
    return detectSpeech(bytes, { ...options, onProgress: bar.show });
  } finally {
    bar.end();
  }
}

function asText(found: readonly Found[]): string {
  const rows = found.flatMap(({ file, segments }) =>
    segments.map(({ startMs, endMs }) => [printable(file), seconds(startMs), seconds(endMs), seconds(endMs - startMs)]),
  );
  const silent = found.filter(({ segments }) => segments.length === 0).map(({ file }) => `No speech in ${file}.`);
  const lines = rows.length === 0 ? [] : [table(["file", "start", "end", "seconds"], rows, [1, 2, 3])];
  return [...lines, ...silent.map((line) => printable(line))].join("\n");
}

const asJson = ({ file, segments }: Found) => ({
  file,
  segments: segments.map(({ startMs, endMs }) => ({ start_ms: startMs, end_ms: endMs })),
});

/** What a file is called in RTTM, where a name must not contain blanks. */
const nameOf = (file: string): string => basename(file, extname(file)).replaceAll(/\s/g, "_");

/** Throws where the segments of two files could not be told from each other. */
function assertTold(files: readonly string[]): void {
  for (const [name, same] of Map.groupBy(files, nameOf)) {
    if (same.length === 1) continue;
    throw new UsageError(`In RTTM ${same.join(" and ")} would have one name, ${name}; take --json, or one at a time.`);
  }
}

/** Rich Transcription Time Marked, as NIST's evaluations have it: one speaker, whom nobody knows. */
function asRttm({ file, segments }: Found, channel = 0): readonly string[] {
  return segments.map(
    ({ startMs, endMs }) =>
      `SPEAKER ${nameOf(file)} ${channel + 1} ${seconds(startMs)} ${seconds(endMs - startMs)} <NA> <NA> speech <NA> <NA>`,
  );
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
