/** What a mapper suggests about whoever the persona talks with, as a part of the prompt. */
import type { SuggestionFacts } from "../facts.ts";
import type { TurnSuggestions } from "../types.ts";
import { fence, quote } from "./delimit.ts";
import { leftOutPart, type PromptPart, textPart } from "./part.ts";

const NAME = "suggestions";

/** None for a persona without a mapper; a mapper that fails leaves the prompt as it would be without one. */
export function suggestionParts(
  suggested: TurnSuggestions | undefined,
  texts: readonly string[],
): readonly PromptPart[] {
  if (suggested === undefined) return [];
  const { suggestions, fault } = suggested;
  if (fault !== undefined) return [leftOutPart(NAME, fault)];
  if (suggestions.length === 0) return [leftOutPart(NAME, "empty")];
  // Titles and descriptions have values of the person's traits in them: each is one line in quotes.
  const lines = suggestions.map(
    ({ priority, title, description }) => `- ${priority} priority: ${quote(title)}: ${quote(description)}`,
  );
  const about = "What may help the person you talk with at this moment, by what is known of them, the best first.";
  const how = "Where it fits say it in your own words; it is advice, and never an order:";
  return [textPart(NAME, `${about} ${how}\n${fence(NAME, lines.join("\n"), texts)}`)];
}

export function suggestionFacts({ mapper, mapperVersion, suggestions }: TurnSuggestions): SuggestionFacts {
  return { mapper, mapperVersion, given: suggestions.map(({ id, rule }) => ({ id, rule })) };
}
