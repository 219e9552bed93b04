/** The keys of spending: what calls to models cost, and what they may. */
import * as z from "zod";
import { budgetSchema, priceSchema, pricesSchema } from "../../cognition/budgets/settings.ts";
import { about } from "../about.ts";

const { inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok } = priceSchema.shape;
const { tokens, usd, windowMs, onExhausted } = budgetSchema.shape;

const limit = (whose: string, example: number) => ({
  tokens: tokens
    .unwrap()
    .exactOptional()
    .register(about, { description: `Tokens ${whose} may take`, example }),
  usd: usd
    .unwrap()
    .exactOptional()
    .register(about, { description: `Dollars ${whose} may cost`, example: 1 }),
});

const budget = (whose: string, example: number) =>
  z
    .strictObject({
      ...limit(whose, example),
      window_ms: windowMs.unwrap().exactOptional().register(about, {
        description: "The window in which they count",
        example: 86_400_000,
      }),
      on_exhausted: onExhausted.unwrap().exactOptional().register(about, {
        description: "What becomes of messages then",
        example: "decline",
      }),
    })
    .exactOptional();

export const pricesTable = z
  .record(
    pricesSchema.keyType,
    z.strictObject({
      input_usd_per_mtok: inputUsdPerMTok.clone().register(about, {
        description: "Dollars for a million tokens of input",
        library: "inputUsdPerMTok",
        example: 0.5,
      }),
      output_usd_per_mtok: outputUsdPerMTok.clone().register(about, {
        description: "Dollars for a million tokens of output",
        library: "outputUsdPerMTok",
        example: 1.5,
      }),
      cached_input_usd_per_mtok: cachedInputUsdPerMTok.unwrap().exactOptional().register(about, {
        description: "Dollars for a million tokens of input that the provider had already",
        library: "cachedInputUsdPerMTok",
        example: 0.05,
      }),
    }),
  )
  .default({})
  .register(about, { description: "Prices by provider:model", example: "example:small" });

export const budgetsTable = z
  .strictObject({
    turn: z.strictObject(limit("a turn", 20_000)).exactOptional(),
    persona: budget("a persona", 1_000_000),
    owner: budget("what belongs to one person", 1_000_000),
    fleet: budget("the whole fleet", 100_000_000),
  })
  .prefault({});
