/** The chain of models that a turn has called, as a cognition; their streams are those of the recording. */

import * as z from "zod";
import { abilitiesSchema, UNKNOWN } from "../ai/abilities.ts";
import { answer } from "../ai/answer.ts";
import type { Line } from "../ai/call.ts";
import { Gate } from "../ai/gate.ts";
import { callShape, type Model } from "../ai/options.ts";
import { redactor } from "../ai/redact.ts";
import type { Clock } from "../clock.ts";
import type { Cognition } from "../types.ts";
import type { RecordedCall } from "./format.ts";

/** Nothing waits here, and what is read was recorded. */
const STILL: Clock = { now: () => 0, at: () => () => {} };

export function recordedModels(calls: readonly RecordedCall[]): Cognition {
  const chain = calls.filter(({ model }, at) => model !== calls[at - 1]?.model).map(lineOf);
  const [first, ...others] = chain;
  return (turn) => answer(turn, [first as Line, ...others], { at: 0, lease: undefined });
}

function lineOf({ model: name, face, settings }: RecordedCall): Line {
  return {
    name,
    gate: new Gate({ name, maxConcurrent: 1, clock: STILL, random: () => 0.5 }),
    model: { ...face, supportedUrls: {} } as unknown as Model,
    options: z.object({ ...callShape, abilities: abilitiesSchema.default(UNKNOWN) }).parse(settings),
    redact: redactor([]),
    clock: STILL,
  };
}
