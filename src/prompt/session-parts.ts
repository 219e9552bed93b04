/** The parts of a prompt that come from persona, role and step, in their order. */
import { stepPrompt } from "../catalogue/resolve.ts";
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import { characterText, expertiseText, toneText, verbosityText } from "./character.ts";
import { fence, freeTag, quote } from "./delimit.ts";
import { leftOutPart, type PromptPart, textPart } from "./part.ts";

/** The texts in them that somebody wrote. */
export function writtenTexts(session: ResolvedSession): readonly string[] {
  const { description, role_prompt, refinement_prompt, vocabulary_hint, current_step } = session;
  const step = current_step && stepPrompt(current_step);
  return [description, role_prompt, refinement_prompt, vocabulary_hint, step].filter((text) => text !== undefined);
}

/** `texts`: all of the prompt, none of which can end a part. */
export function sessionParts(session: ResolvedSession, texts: readonly string[]): readonly PromptPart[] {
  const { display_name, description, locale, style, expertise_areas, current_step } = session;
  const { role_prompt, refinement_prompt, vocabulary_hint } = session;
  const written = (name: string, text = "", before = "") =>
    text.trim() === "" ? leftOutPart(name, "empty") : textPart(name, `${before}${fence(name, text, texts)}`);
  const { text: about } = written("description", description, "\n");
  const character = characterText(session);
  const role = freeTag("role", texts);
  return [
    textPart("identity", `You are ${quote(display_name)}.${about}`),
    locale === undefined
      ? leftOutPart("locale", "empty")
      : textPart("locale", `Speak the language of the locale ${quote(locale)}, unless you are asked for another.`),
    character === undefined ? leftOutPart("traits", "middle") : textPart("traits", character),
    textPart("tone", toneText(style)),
    textPart("verbosity", verbosityText(style)),
    textPart("expertise", expertiseText(expertise_areas)),
    written("role", role_prompt),
    written("refinement", refinement_prompt, `What follows ranks below <${role}>, which holds where they disagree:\n`),
    written("vocabulary", vocabulary_hint, "Words and names that are likely to come up, as they are spelled:\n"),
    written("step", current_step && stepPrompt(current_step)),
  ];
}
