/**
 * The lines of a recording. Each is one JSON object, which ends with the SHA-256 of what stands before it, so that no
 * change goes unnoticed. The first is a header; each run that is added to a file begins with one of its own.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { PersonaError } from "../errors.ts";

export const FORMAT = 1;

/** What a function of the turn was asked and gave; a call that never ended has neither value nor error. */
const heardSchema = z.object({
  args: z.array(z.unknown()),
  value: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What the AI SDK asked of a model, and the parts of its stream. */
const callSchema = z.object({
  model: z.string(),
  /** How the model presents itself to the AI SDK. */
  face: z.object({ specificationVersion: z.string(), provider: z.string(), modelId: z.string() }),
  /** How the line to the model is set. */
  settings: z.record(z.string(), z.unknown()),
  /** Without headers. */
  options: z.unknown(),
  parts: z.array(z.unknown()),
  /** `open`: nobody read on. */
  end: z.enum(["open", "closed", "refused", "broken"]),
  error: z.unknown().optional(),
});

const turnSchema = z.object({
  type: z.literal("turn"),
  turn: z.string(),
  tenant: z.string(),
  kind: z.string(),
  definition: z.unknown(),
  items: z.array(z.string()),
  /** All that the turn is beside its functions: persona, conversation, messages, attempt, deadline. */
  view: z.record(z.string(), z.unknown()),
  /** What its functions gave, by name, in the order in which they were asked. */
  heard: z.record(z.string(), z.array(heardSchema)),
  /** What the clock said to the calls of models. */
  clock: z.array(z.number()),
  calls: z.array(callSchema),
  /** Why it was ended from outside. */
  aborted: z.object({ code: z.string(), message: z.string() }).optional(),
  /** What came of it. */
  out: z.record(z.string(), z.unknown()),
});

const headerSchema = z.object({
  type: z.literal("header"),
  format: z.number(),
  package: z.literal("persona-runtime"),
  version: z.string(),
  seed: z.number(),
  at: z.number(),
});

const leftOutSchema = z.object({
  type: z.literal("left_out"),
  turns: z.int().min(1),
  reason: z.string(),
});

const lineSchema = z.discriminatedUnion("type", [headerSchema, turnSchema, leftOutSchema]);

export type Heard = z.output<typeof heardSchema>;
export type RecordedCall = z.output<typeof callSchema>;
export type RecordedTurn = z.output<typeof turnSchema>;
export type Line = z.output<typeof lineSchema>;

const SUM = /,"sha256":"([0-9a-f]{64})"\}$/;

/** With its line break. */
export function encode(line: Line): string {
  const text = JSON.stringify(line).slice(0, -1);
  return `${text},"sha256":"${sumOf(text)}"}\n`;
}

/** Throws `recording_invalid`. `sum` is what the line should end with, if it does not. */
export function decode(text: string, number: number): { readonly line: Line; readonly sum: string | undefined } {
  const end = SUM.exec(text);
  const line = lineSchema.safeParse(parsed(text));
  if (end === null || !line.success) {
    const what = number === 1 ? "is not the header of a recording" : "is not whole";
    throw new PersonaError("recording_invalid", `Line ${number} ${what}; give a file that \`record\` has written`);
  }
  if (line.data.type === "header" && line.data.format !== FORMAT) {
    throw new PersonaError(
      "recording_invalid",
      `The recording has format ${line.data.format}, this version knows ${FORMAT}; it was made by ${line.data.version}`,
    );
  }
  if (number === 1 && line.data.type !== "header") {
    throw new PersonaError("recording_invalid", "The recording has no header; its beginning is missing");
  }
  const sum = sumOf(text.slice(0, end.index));
  return { line: line.data, sum: sum === end[1] ? undefined : sum };
}

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
