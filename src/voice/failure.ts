/** What every voice refuses, in the same words. */
import { PersonaError } from "../errors.ts";
import { invalidInput } from "../faults.ts";

export function checkTimes(fromMs: number, toMs: number): void {
  const fields = Object.entries({ fromMs, toMs })
    .filter(([, ms]) => !Number.isFinite(ms) || ms < 0)
    .map(([field]) => ({ field, message: "must be milliseconds of sound, 0 or more" }));
  if (fields.length === 0 && fromMs > toMs) fields.push({ field: "toMs", message: "must not lie before `fromMs`" });
  if (fields.length > 0) throw invalidInput("range", fields);
}

export function soundGone(): PersonaError {
  const message = "Sound is kept for the open turn and for ten seconds after a turn; ask for it when its event comes.";
  return new PersonaError("sound_gone", message);
}

export function voiceClosed(): PersonaError {
  return new PersonaError("voice_closed", "The voice is closed; open another one.");
}

export function voiceBusy(): PersonaError {
  const message = "A thousand controls of this voice wait already; tell it less, or wait until its sound is computed.";
  return new PersonaError("voice_busy", message);
}

export function voiceFailed(cause?: unknown): PersonaError {
  const message = "The detector failed, which is a defect of persona-runtime. Open the voice again.";
  return new PersonaError("voice_failed", message, { cause });
}
