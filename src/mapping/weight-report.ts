/** What the rules of a mapper weigh, and why: what its author says, and what was learned over that. */
import * as z from "zod";
import type { MappingTable } from "../store/mapping/port.ts";
import { wire } from "../wire.ts";
import { teachableOf } from "./learning/document.ts";
import { STRATEGIES } from "./learning/settings.ts";
import type { Mappers } from "./mappers.ts";
import { holds } from "./weights.ts";

const rule = z
  .object({
    rule_id: z.string(),
    weight: z.number().register(wire, { description: "That holds" }),
    authored: z.number().register(wire, { description: "That the document says" }),
    reason: z.string().optional().register(wire, { description: "What was made of the last feedback on it" }),
    moved_at: z.int().optional().register(wire, { description: "Milliseconds since 1970" }),
    belief: z
      .object({ helpful: z.number(), unhelpful: z.number() })
      .optional()
      .register(wire, { description: "Of the strategy `thompson`: how many answers, the old ones faded" }),
  })
  .register(wire, { id: "RuleWeight", description: "Without a reason: nothing was learned of it" });

export const weightReportSchema = z
  .object({
    mapper_id: z.string(),
    mapper_version: z.int().register(wire, { description: "The active one, or else the newest" }),
    strategy: z.enum(STRATEGIES),
    rules: z.array(rule).register(wire, { description: "In document order" }),
  })
  .register(wire, { id: "WeightReport" });

export type WeightReport = Readonly<z.output<typeof weightReportSchema>>;

/** Throws `mapper_not_found`. */
export async function weightReport(
  { mappers, mapping }: { readonly mappers: Mappers; readonly mapping: Pick<MappingTable, "weights"> },
  tenant: string,
  id: string,
): Promise<WeightReport> {
  const mapper = await mappers.get(tenant, id);
  const { authored, learning } = teachableOf(JSON.stringify(mapper.document));
  const learned = new Map((await mapping.weights(tenant, id)).map((row) => [row.rule, row]));
  const rules = Object.entries(authored).map(([rule_id, said]) => {
    const row = learned.get(rule_id);
    if (row === undefined || !holds(row, authored)) return { rule_id, weight: said, authored: said };
    const { weight, reason, updatedAt: moved_at, alpha: helpful, beta: unhelpful } = row;
    const belief = learning.strategy === "thompson" ? { belief: { helpful, unhelpful } } : {};
    return { rule_id, weight, authored: said, reason, moved_at, ...belief };
  });
  return { mapper_id: id, mapper_version: mapper.version, strategy: learning.strategy, rules };
}
