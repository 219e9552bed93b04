/**
 * A persona's prompt for one turn, for models that chat: a system text, and messages of user and assistant in turns.
 * It is made of named parts, each of which adds to the one or to the other. Nothing is expanded: what a persona, a
 * room or a message says enters as it is, between delimiters that it does not contain.
 */
import type { HistoryFacts, PromptFacts } from "../facts.ts";
import type { CognitionTurn, TurnMessage } from "../types.ts";
import { fence, freeTag, quote } from "./delimit.ts";
import { leftOutPart, messagesPart, type PromptMessage, type PromptPart, textPart } from "./part.ts";
import { sessionParts, writtenTexts } from "./session-parts.ts";
import { isOwn, promptMessage, severalSpeak, speakersText } from "./speakers.ts";
import { suggestionFacts, suggestionParts } from "./suggestions.ts";

export interface AssembledPrompt {
  readonly system: string;
  /** `user` and `assistant` in turns, as all providers take them; the first and the last are of `user`. */
  readonly messages: readonly PromptMessage[];
  /**
   * In the order of the prompt: identity, instructions, room, history, context, trigger. With a session instead of the
   * instructions: locale, traits, tone, verbosity, expertise, role, refinement, vocabulary, step. Of a persona that has a
   * mapper suggestions come before the room.
   */
  readonly parts: readonly PromptPart[];
  /** Of all parts together, estimated. */
  readonly tokens: number;
  /** For `turn.note({ prompt })`. */
  readonly facts: PromptFacts;
}

export async function assemble(turn: CognitionTurn): Promise<AssembledPrompt> {
  const { persona, session, context, trigger } = turn;
  const [remembered, earlier, room, suggested] = await Promise.all([
    turn.history(),
    turn.earlier(),
    turn.room(),
    turn.suggestions?.(),
  ]);
  const { history, leftOut } = usable(remembered, persona);
  const said = [...history, ...context, trigger];
  const written = session === undefined ? [persona.instructions] : writtenTexts(session);
  const texts = [...written, ...said.map(({ text }) => text)];
  const heard = said.filter((message) => !isOwn(message, persona));
  const tag = severalSpeak(heard, room) ? freeTag("message", texts) : undefined;
  const messages = (from: readonly TurnMessage[]) => from.map((message) => promptMessage(message, persona, tag));

  const parts = [
    ...(session === undefined ? inlineParts(persona, texts) : sessionParts(session, texts)),
    ...suggestionParts(suggested, texts),
    tag === undefined ? leftOutPart("room", "one_speaker") : textPart("room", speakersText(persona, room, tag)),
    history.length === 0
      ? leftOutPart("history", earlier > 0 ? "history_tokens" : "empty")
      : messagesPart("history", messages(history)),
    context.length === 0 ? leftOutPart("context", "empty") : messagesPart("context", messages(context)),
    messagesPart("trigger", messages([trigger])),
  ];
  return {
    system: joined(parts.map(({ text }) => text)),
    messages: inTurns(parts.flatMap((part) => part.messages)),
    parts,
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
    facts: {
      parts: parts.map(({ name, tokens, leftOut }) => ({ name, tokens, leftOut })),
      history: {
        messages: history.length,
        tokens: parts.find(({ name }) => name === "history")?.tokens ?? 0,
        oldest: history[0]?.id,
        leftOut: [{ reason: "history_tokens", messages: earlier }, ...leftOut].filter((some) => some.messages > 0),
      },
      ...(suggested === undefined ? {} : { suggestions: suggestionFacts(suggested) }),
    },
  };
}

/**
 * Providers take no blank message, and none of the assistant before one of the user: an answer whose question is too
 * long ago is left out.
 */
function usable(
  remembered: readonly TurnMessage[],
  persona: CognitionTurn["persona"],
): { history: readonly TurnMessage[]; leftOut: HistoryFacts["leftOut"] } {
  const spoken = remembered.filter(({ text }) => text.trim() !== "");
  const first = spoken.findIndex((message) => !isOwn(message, persona));
  const history = first === -1 ? [] : spoken.slice(first);
  return {
    history,
    leftOut: [
      { reason: "blank", messages: remembered.length - spoken.length },
      { reason: "answer_without_question", messages: spoken.length - history.length },
    ],
  };
}

/** Of a persona that is not of the catalogue. */
function inlineParts(
  { name, instructions }: CognitionTurn["persona"],
  texts: readonly string[],
): readonly PromptPart[] {
  return [
    textPart("identity", `You are ${quote(name)}.`),
    instructions.trim() === ""
      ? leftOutPart("instructions", "empty")
      : textPart("instructions", fence("instructions", instructions, texts)),
  ];
}

/** What one role says in a row becomes one message. */
function inTurns(messages: readonly PromptMessage[]): readonly PromptMessage[] {
  const merged: { role: PromptMessage["role"]; contents: string[] }[] = [];
  for (const { role, content } of messages) {
    const last = merged.at(-1);
    if (last?.role === role) last.contents.push(content);
    else merged.push({ role, contents: [content] });
  }
  return merged.map(({ role, contents }) => ({ role, content: joined(contents) }));
}

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join("\n\n");
