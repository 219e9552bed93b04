/** What ships. */
import { compileMapper } from "../../../src/mapping/engine.ts";
import type { Engine } from "../contender.ts";
import { documentOf, sumOf, TRAITS, traitPath } from "../workload.ts";

const LIMITS = { bytes: 2 ** 26, rules: 20_000 };
const PATHS = Array.from({ length: TRAITS }, (_, n) => traitPath(n));

export const engine: Engine = {
  title: "persona-runtime",
  one({ rules, traits }) {
    const mapper = compileMapper(documentOf(rules), LIMITS);
    const person = mapper.person({ traits: Object.fromEntries(PATHS.map((path, n) => [path, traits[n]])) });
    const learn = ({ trait, value }: { trait: number; value: number }) =>
      person.setTrait(PATHS[trait] as string, value);
    return {
      fired(step) {
        learn(step);
        return person.firing(step);
      },
      suggest(step) {
        learn(step);
        return person.suggest(step).suggestions;
      },
      learn,
    };
  },
  many({ rules }, levels) {
    const crowd = compileMapper(documentOf(rules), LIMITS).crowd();
    for (let from = 0; from < levels.length; from += TRAITS) {
      crowd.add({ traits: Object.fromEntries(PATHS.map((path, n) => [path, levels[from + n]])) });
    }
    return {
      pass(step) {
        const pairs = crowd.matches(step);
        return { pairs: pairs.length / 2, sum: () => sumOf(pairs) };
      },
    };
  },
};
