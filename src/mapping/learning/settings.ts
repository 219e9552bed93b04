/** How a mapper learns from feedback: `feedback_settings` of its document. */
import * as z from "zod";
import type { FieldFault } from "../../errors.ts";
import { faultsOf } from "../../faults.ts";

export const STRATEGIES = ["law", "thompson"] as const;

/** Other keys are the author's. */
export const learningSchema = z
  .looseObject({
    /** Unhelpful feedback within the window that lowers a weight. */
    negative_threshold: z.int().min(1).max(10_000).default(5),
    negative_window_days: z.number().positive().max(366).default(7),
    /** A tenth more at once, a fifth less. */
    positive_adjustment: z.number().min(0).max(10).default(0.1),
    negative_adjustment: z.number().min(-1).max(0).default(-0.2),
    min_weight: z.number().min(0).max(1_000).default(0.1),
    max_weight: z.number().min(0).max(1_000).default(2),
    /** `law`: the adjustments above. `thompson`: weights are drawn from what was learned of how often a rule helps. */
    strategy: z.enum(STRATEGIES).default("law"),
    /** How long after a change a weight does not move the other way. */
    cooldown_hours: z.number().min(0).max(8_760).default(24),
    /** Of `thompson`: what is left of all earlier feedback on a rule at each further one. */
    discount: z.number().min(0.5).max(1).default(0.97),
    /** Whether feedback also moves a factor of the person's own. */
    personal: z.boolean().default(false),
  })
  .refine(({ min_weight, max_weight }) => min_weight <= max_weight, {
    path: ["min_weight"],
    error: "must not be above max_weight",
  })
  .prefault({});

export type Learning = Readonly<z.output<typeof learningSchema>>;

/** What is wrong with them; nothing if they can be learned by. */
export function learningFaults(settings: unknown): readonly FieldFault[] {
  const result = learningSchema.safeParse(settings);
  return result.success ? [] : faultsOf(result.error, "feedback_settings");
}
