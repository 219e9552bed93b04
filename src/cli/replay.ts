/** `persona-runtime replay`: whether the turns of a recording come out as they did. */
import { counted } from "../counted.ts";
import { PersonaError } from "../errors.ts";
import { type ReplayReport, replay } from "../record/replay.ts";
import { printable } from "./terminal.ts";

/** Prints the report; throws `recording_differs` when a turn came out otherwise. */
export async function replayCommand(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  const report = await replay(file);
  console.log(json === true ? JSON.stringify(report) : printable(sentences(report)));
  const { turns, different } = report;
  if (different > 0)
    throw new PersonaError("recording_differs", `${different} of ${counted(turns, "turn")} came out otherwise`);
}

function sentences({ turns, identical, different, difference, leftOut }: ReplayReport): string {
  const lines = [`turns ${turns}, identical ${identical}, different ${different}`];
  for (const [reason, count] of Object.entries(leftOut)) lines.push(`left out ${count}: ${reason}`);
  if (difference !== undefined) {
    const { turn, persona, line, path, expected, actual } = difference;
    lines.push(
      "",
      `The first difference is in line ${line}, turn ${turn} of ${persona}, at ${path}:`,
      `  recorded  ${expected}`,
      `  now       ${actual}`,
    );
  }
  return lines.join("\n");
}
