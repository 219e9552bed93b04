/** `persona-runtime replay`: whether the turns of a recording come out as they did. */
import { type ReplayReport, replay } from "../record/replay.ts";
import { printable } from "./terminal.ts";

/** Sets the exit code 1 when a turn came out otherwise. */
export async function replayCommand(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  const report = await replay(file);
  console.log(json === true ? JSON.stringify(report) : printable(sentences(report)));
  if (report.different > 0) process.exitCode = 1;
}

function sentences({ turns, identical, different, difference, leftOut }: ReplayReport): string {
  const lines = [`${turns} turns: ${identical} identical, ${different} different`];
  for (const [reason, count] of Object.entries(leftOut)) lines.push(`left out: ${count} (${reason})`);
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
