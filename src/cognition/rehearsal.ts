/**
 * The cognition of a persona without a provider: it answers from the persona's own definition, always
 * the same for the same turn, and says that it is only rehearsing. It lets a whole cast be built,
 * tested and shown before the first model is paid for.
 */
import { notHonouredByRehearsal } from "../catalogue/not-honoured.ts";
import type { Cognition, CognitionTurn } from "../types.ts";

const QUOTE_LENGTH = 200;

export const rehearsal: Cognition = Object.assign(rehearse, { notHonoured: notHonouredByRehearsal });

async function* rehearse(turn: CognitionTurn): AsyncGenerator<string> {
  for (const word of rehearsedReply(turn).match(/\S+\s*/g) ?? []) yield word;
}

function rehearsedReply({ persona, session, context, trigger }: CognitionTurn): string {
  const { instructions, model } =
    session === undefined ? persona : { instructions: session.role_prompt ?? "", model: session.model };
  const heard = [...context, trigger].map((message) => `“${shorten(message.text)}”`).join(" and ");
  const role = instructions === "" ? "" : ` My instructions: ${shorten(instructions)}`;
  const { id, instruction } = session?.current_step ?? {};
  const step = instruction === undefined ? "" : ` My step ${id}: ${shorten(instruction)}`;
  const reason = model === undefined ? "no model is configured" : `no provider for ${model} is configured`;
  return `[rehearsal: ${reason}] ${persona.name} here. I heard ${heard}.${role}${step}`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const letters = [...line];
  return letters.length <= QUOTE_LENGTH ? line : `${letters.slice(0, QUOTE_LENGTH).join("")}…`;
}
