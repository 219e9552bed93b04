/**
 * `npm run bench learning [seeds | quick]`: how well the strategies learn which suggestions help, replayed with the same
 * simulated persons. Nothing is timed, so the results are the same everywhere. `quick` writes none.
 */
import { STRATEGIES, type StrategyName, simulated } from "./learning/simulation.ts";
import { digits, markdownTable, writeResults } from "./support/results.ts";

const word = process.argv[2];
const quick = word === "quick";
const seeds = quick ? 5 : Number(word ?? 40);
const HORIZONS = [300, 1_000, 3_000];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const found = (Object.keys(STRATEGIES) as StrategyName[]).map((strategy) => ({
  strategy,
  cases: [false, true].flatMap((drift) =>
    HORIZONS.map((impressions) => {
      const outcomes = Array.from({ length: seeds }, (_, seed) => simulated(strategy, { seed, impressions, drift }));
      return {
        ...{ drift, impressions },
        regret: mean(outcomes.map(({ regret }) => regret)),
        hits: mean(outcomes.map(({ hits }) => hits)),
      };
    }),
  ),
}));

const head = ["", ...HORIZONS.map(String), ...HORIZONS.map((one) => `${one}, drift`)];
const table = (figure: "regret" | "hits") =>
  markdownTable(
    head,
    found.map(({ strategy, cases }) => [strategy, ...cases.map((one) => digits(one[figure]))]),
  );

const page = `# Learning from feedback

Regret: how much likelier the best suggestions that could be shown were to help than those that were, mean of all shown.

${table("regret")}

Hits: of what was shown in the last tenth, how much helped.

${table("hits")}

Columns: impressions; with drift, other rules help from half way on. 40 rules, of which 8 fire at a time and 3 are shown;
how often each helps is drawn from Beta(2, 3); ${seeds} worlds, the same for each strategy. An impression every 36 minutes,
each with an answer to all that was shown: the law's week and its rest of a day are those of the default settings.
`;

if (quick) console.log(page);
else writeResults("learning", { seeds, found }, page);
