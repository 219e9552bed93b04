/** What a turn is told of the person it is with, by the mapper of its persona. */
import { PersonaError } from "../errors.ts";
import type { TurnSuggestions } from "../types.ts";
import type { MappedPersona } from "./persona-core.ts";

/** Made once, when it is asked for. It never rejects: a turn is answered as well without. */
export function turnSuggestions(
  { mapper, person }: { readonly mapper: string; readonly person: string },
  map: () => Promise<MappedPersona>,
  failed: (cause: unknown) => void,
): () => Promise<TurnSuggestions> {
  let made: Promise<TurnSuggestions> | undefined;
  const make = async (): Promise<TurnSuggestions> => {
    try {
      const { core, suggestions = [] } = await map();
      return {
        ...{ mapper, person, mapperVersion: suggestions[0]?.mapper_version ?? core.mapper_version },
        suggestions: suggestions.map(({ id, rule_id: rule, type, title, description, priority }) => {
          return { id, rule, type, title, description, priority };
        }),
      };
    } catch (cause) {
      failed(cause);
      const fault = cause instanceof PersonaError ? cause.code : "internal";
      return { mapper, person, mapperVersion: 0, suggestions: [], fault };
    }
  };
  return () => {
    made ??= make();
    return made;
  };
}
