/** WAV files, as far as they are understood. */
import { loadAddon } from "../addon.ts";
import { PersonaError } from "../errors.ts";
import { invalidInput } from "../faults.ts";
import * as layout from "../layout.ts";
import { type CheckedFormat, SAMPLE_RATES } from "./options.ts";

export interface WavFile {
  /** With the first channel chosen. */
  readonly format: CheckedFormat;
  /** Its samples: a view of the file, whole samples of all channels. */
  readonly data: Uint8Array;
}

export type WavFault = (typeof layout.WAV_FAULT)[number];

const WHAT_IS_WRONG: Record<WavFault, string> = {
  bad_wav: "It must be a WAV file whose header agrees with itself.",
  wav_truncated: "It must be as long as its header says.",
  unknown_encoding: "Its samples must be integers of 8, 16, 24 or 32 bits, 32-bit floats, µ-law or A-law.",
  unknown_rate: `Its sample rate must be one of ${SAMPLE_RATES.join(", ")}.`,
  bad_channel: "It must have 1 to 8 channels.",
};

/**
 * Reads the header of a WAV file that is given whole. A length as writers leave it who do not know it yet (0, 2³² - 1, or
 * two gigabytes that are not there) means up to the end. Throws `wav_invalid` if it is none, or holds what is not
 * understood; `wav_truncated`.
 */
export function readWav(file: Uint8Array): WavFile {
  if (!(file instanceof Uint8Array)) {
    throw invalidInput("file", [{ field: "file", message: "must be a Uint8Array, such as a Buffer" }]);
  }
  const [first = 0, encoding = 0, channels = 0, start, end] = loadAddon().wavParse(file);
  if (end === undefined) throw wavError(layout.WAV_FAULT[first] ?? "bad_wav");
  const sampleRate = first as CheckedFormat["sampleRate"];
  const format = { sampleRate, encoding: layout.ENCODING[encoding] ?? "s16le", channels, channel: 0 };
  return { format, data: file.subarray(start, end) };
}

/** What native found wrong with a file. */
function wavError(fault: WavFault): PersonaError {
  const message = `The file cannot be read. ${WHAT_IS_WRONG[fault]} \`ffmpeg -i FILE -ar 16000 OUT.wav\` makes such a file.`;
  return new PersonaError(fault === "wav_truncated" ? fault : "wav_invalid", message);
}
