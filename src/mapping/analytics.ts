/** What was said of suggestions, summed up. */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import type { FeedbackSum } from "../store/mapping/port.ts";
import type { Store } from "../store/port.ts";
import { wire } from "../wire.ts";

const DAY_MS = 86_400_000;

const figures = {
  total: z.int(),
  helpful: z.int(),
  unhelpful: z.int(),
  neutral: z.int().register(wire, { description: "Neither" }),
  helpful_rate: z.number().optional().register(wire, { description: "0 to 1, of what was either" }),
  average_rating: z.number().optional().register(wire, { description: "1 to 5, of what has one" }),
};

const ofRule = z.object({ mapper_id: z.string(), rule_id: z.string(), ...figures });
const ofType = z.object({ mapper_id: z.string(), suggestion_type: z.string(), ...figures });

export const analyticsSchema = z
  .object({
    from: z.int().register(wire, { description: "Milliseconds since 1970" }),
    to: z.int().register(wire, { description: "Milliseconds since 1970" }),
    ...figures,
    rules: z.array(ofRule).register(wire, { description: "Those that were said the most of first" }),
    types: z.array(ofType).register(wire, { description: "Of suggestions; those that were said the most of first" }),
  })
  .register(wire, { id: "FeedbackAnalytics" });

export type Analytics = Readonly<z.output<typeof analyticsSchema>>;

export interface AnalyticsQuery {
  readonly person?: string | undefined;
  readonly mapper?: string | undefined;
  readonly rule?: string | undefined;
  /** How far back it looks. Default 7. */
  readonly days?: number | undefined;
}

export async function analytics(
  { store, clock }: { readonly store: Pick<Store, "mapping">; readonly clock: Clock },
  tenant: string,
  { days = 7, ...query }: AnalyticsQuery,
): Promise<Analytics> {
  const to = clock.now() + 1;
  const from = to - days * DAY_MS;
  const sums = await store.mapping.feedbackSums({ tenant, ...query, from, to });
  const rules = grouped(sums, ({ mapper, rule }) => (rule === null ? undefined : { mapper_id: mapper, rule_id: rule }));
  const types = grouped(sums, ({ mapper, type }) =>
    type === null ? undefined : { mapper_id: mapper, suggestion_type: type },
  );
  return { from, to, ...figuresOf(sums), rules, types };
}

function grouped<Name extends object>(sums: readonly FeedbackSum[], nameOf: (sum: FeedbackSum) => Name | undefined) {
  const groups = new Map<string, { readonly name: Name; readonly sums: FeedbackSum[] }>();
  for (const sum of sums) {
    const name = nameOf(sum);
    if (name === undefined) continue;
    const key = JSON.stringify(name);
    const group = groups.get(key) ?? { name, sums: [] };
    group.sums.push(sum);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ name, sums }) => ({ ...name, ...figuresOf(sums) }))
    .sort((a, b) => b.total - a.total);
}

function figuresOf(sums: readonly FeedbackSum[]) {
  const sumOf = (field: "count" | "helpful" | "unhelpful" | "rated" | "ratings") =>
    sums.reduce((sum, one) => sum + one[field], 0);
  const [total, helpful, unhelpful, rated] = [sumOf("count"), sumOf("helpful"), sumOf("unhelpful"), sumOf("rated")];
  const decided = helpful + unhelpful;
  return {
    ...{ total, helpful, unhelpful, neutral: total - decided },
    ...(decided === 0 ? {} : { helpful_rate: helpful / decided }),
    ...(rated === 0 ? {} : { average_rating: sumOf("ratings") / rated }),
  };
}
