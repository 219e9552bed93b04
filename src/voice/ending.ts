/** The judge of turns that needs no model. */
import { loadAddon } from "../addon.ts";
import { invalidInput } from "../faults.ts";

/**
 * Whether the words so far sound as if the speaker were done: by punctuation where the transcriber sets it, else not after
 * a filler, an article, a preposition or a conjunction (English and German). For streams with `patienceMs` or `eagerness`:
 * ask it at `speech_end` with the partial transcript, and answer true with the control `complete`. Throws `invalid_input`.
 */
export function soundsFinished(transcript: string): boolean {
  if (typeof transcript !== "string") {
    throw invalidInput("transcript", [{ field: "transcript", message: "must be a string" }]);
  }
  return loadAddon().soundsFinished(transcript);
}
