/**
 * The cognition of a persona without a provider: it answers from the persona's own definition, always
 * the same for the same turn, and says that it is only rehearsing. It lets a whole cast be built,
 * tested and shown before the first model is paid for.
 */
import type { CognitionTurn } from "../types.ts";

const QUOTE_LENGTH = 200;

export async function* rehearsal(turn: CognitionTurn): AsyncGenerator<string> {
  for (const word of rehearsedReply(turn).match(/\S+\s*/g) ?? []) yield word;
}

function rehearsedReply(turn: CognitionTurn): string {
  const { name, instructions, model } = turn.persona;
  const heard = [...turn.context, turn.trigger].map((message) => `“${shorten(message.text)}”`).join(" and ");
  const role = instructions === "" ? "" : ` My instructions: ${shorten(instructions)}`;
  const reason = model === undefined ? "no model is configured" : `no provider for ${model} is configured`;
  return `[rehearsal: ${reason}] ${name} here. I heard ${heard}.${role}`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const letters = [...line];
  return letters.length <= QUOTE_LENGTH ? line : `${letters.slice(0, QUOTE_LENGTH).join("")}…`;
}
