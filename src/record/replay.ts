/** Runs the turns of a recording again, without the network, and compares what comes of them. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { rehearsal } from "../cognition/rehearsal.ts";
import { PersonaError } from "../errors.ts";
import type { Cognition } from "../types.ts";
import type { Difference } from "./difference.ts";
import { decode, type RecordedTurn } from "./format.ts";
import { playBack, type ReplayTool } from "./playback.ts";

export type { ReplayTool };

export interface ReplayOptions {
  /** Answers the turns of personas that had a function. Default: such turns are left out. */
  readonly cognition?: Cognition;
  /** Used in earnest instead of their recorded results, with which theirs are compared. */
  readonly tools?: readonly ReplayTool[];
}

export interface ReplayReport {
  /** Turns in the recording, and of those the ones that came out as recorded. */
  readonly turns: number;
  readonly identical: number;
  /** Turns that could not be run again, or were not recorded, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** The first turn that came out otherwise, and where; undefined if none did. */
  readonly difference:
    | (Difference & { readonly turn: string; readonly persona: string; readonly line: number })
    | undefined;
  /** How many came out otherwise. */
  readonly different: number;
}

/** Throws `recording_unreadable`, or `recording_invalid` for a file that is no whole recording. */
export async function replay(file: string, options: ReplayOptions = {}): Promise<ReplayReport> {
  const report = { turns: 0, identical: 0, different: 0, difference: undefined as ReplayReport["difference"] };
  const leftOut: Record<string, number> = {};
  const leave = (reason: string, count = 1) => {
    leftOut[reason] = (leftOut[reason] ?? 0) + count;
  };
  let number = 0;
  for await (const text of linesOf(file)) {
    number += 1;
    const { line, sum } = decode(text, number);
    if (line.type === "left_out") leave(line.reason, line.turns);
    if (line.type !== "turn") {
      if (sum !== undefined)
        throw new PersonaError("recording_invalid", `Line ${number} was changed: its sum is ${sum}`);
      continue;
    }
    report.turns += 1;
    const run = await runnable(line, options);
    if (typeof run === "string") leave(run);
    const changed = sum === undefined ? undefined : { path: "sha256", expected: "that of the line", actual: sum };
    const difference = (typeof run === "string" ? undefined : await run()) ?? changed;
    if (difference !== undefined) {
      report.different += 1;
      report.difference ??= { turn: line.turn, persona: personaOf(line), line: number, ...difference };
    } else if (typeof run !== "string") report.identical += 1;
  }
  if (number === 0)
    throw new PersonaError("recording_invalid", "The recording is empty; give a file that `record` has written");
  return { ...report, leftOut };
}

/** How to run a turn again, or why it cannot be. */
async function runnable(
  turn: RecordedTurn,
  { cognition, tools = [] }: ReplayOptions,
): Promise<(() => Promise<Difference | undefined>) | string> {
  if (turn.kind === "function") {
    if (cognition === undefined) return `the function of ${personaOf(turn)} is the host's`;
    // It may wait for what is not in the recording, and was ended from outside.
    if (turn.aborted !== undefined) return "a function was ended from outside";
    return () => playBack(turn, cognition, tools);
  }
  if (turn.kind !== "provider") return () => playBack(turn, rehearsal, tools);
  const [first] = turn.calls;
  if (first === undefined) return "no model was called";
  const { recordedModels } = await import("./recorded-models.ts");
  return () => playBack(turn, recordedModels(turn.calls), tools);
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message = `${file} cannot be read (${code}); give a file that \`record\` has written`;
    throw new PersonaError("recording_unreadable", message, { cause });
  }
}

const personaOf = ({ view }: RecordedTurn): string => (view["persona"] as { id?: string } | undefined)?.id ?? "";
