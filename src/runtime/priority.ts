/** The default priority of a message, and who it mentions. */
import type { Lane, Sender, SenderKind } from "../store/port.ts";

const SENDER_WEIGHT: Record<SenderKind, number> = { human: 1, agent: 0.4, persona: 0.3, system: 0.1 };

/**
 * 0..1 for a message that has just arrived: 0.15 for being new, up to 0.35 for a mention, up to 0.30
 * by who speaks, 0.10 for everybody, and 0.2 if it was spoken. (What arrives late does not matter
 * less: waiting raises the effective priority, in the native cycle.)
 */
export function defaultPriority(sender: Sender, lane: Lane, mentioned: boolean): number {
  const mention = mentioned ? 1 : 0.3;
  const spoken = lane === "voice" ? 0.2 : 0;
  return Math.min(1, 0.15 + 0.35 * mention + 0.3 * SENDER_WEIGHT[sender.kind] + 0.1 + spoken);
}

/** `@name` or `@id` anywhere, or the name at the start followed by `,` or `:`; never part of another word. */
export function mentions(text: string, persona: { readonly id: string; readonly name: string }): boolean {
  const folded = text.toLowerCase();
  const name = persona.name.toLowerCase();
  if (folded.startsWith(name) && /^[,:]/.test(folded.slice(name.length))) return true;
  return addressed(folded, name) || addressed(folded, persona.id);
}

const WORD = /[\p{L}\p{N}_]/u;

function addressed(text: string, name: string): boolean {
  for (let at = text.indexOf(`@${name}`); at >= 0; at = text.indexOf(`@${name}`, at + 1)) {
    const before = text[at - 1] ?? " ";
    const after = text[at + 1 + name.length] ?? " ";
    // `@ada-2` and `@ada.b` are other ids; `@ada.` at the end of a sentence is not.
    const goesOn = /[-.]/.test(after) && WORD.test(text[at + 2 + name.length] ?? " ");
    if (!WORD.test(before) && !WORD.test(after) && !goesOn) return true;
  }
  return false;
}
