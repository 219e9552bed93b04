/** What a person, or somebody for them, says of the person outright. */
import * as z from "zod";
import { wire } from "../wire.ts";
import { boundedJson } from "./bounded-json.ts";
import type { Mind } from "./digest.ts";
import { TRAIT_BOUNDS } from "./extractors/finding.ts";
import { ZONE_TRAIT } from "./extractors/whereabouts.ts";
import { isZone } from "./local-time.ts";
import { TRAIT_PATH, TRAIT_PATH_FORM, type Trait, VOLATILITIES, withSource } from "./trait.ts";

const said = z
  .strictObject({
    value: boundedJson(TRAIT_BOUNDS).register(wire, { description: "Any JSON, 16 KiB at most" }),
    confidence: z.number().min(0).max(1).default(1),
    volatility: z
      .enum(VOLATILITIES)
      .exactOptional()
      .register(wire, { description: "Default: as it is, else low. What is high yields to what is learned later" }),
  })
  .register(wire, { id: "TraitCuration" });

export const curationSchema = z
  .strictObject({
    traits: z
      .record(z.string().regex(TRAIT_PATH, TRAIT_PATH_FORM), said.nullable())
      .register(wire, { description: "By path. Null removes a trait, so that it is learned anew; others stay" }),
    reason: z.string().trim().min(1).max(1_000).exactOptional(),
  })
  .refine(({ traits }) => Object.keys(traits).length >= 1 && Object.keys(traits).length <= 100, {
    path: ["traits"],
    error: "must be 1 to 100 traits",
  })
  .superRefine(({ traits }, { addIssue }) => {
    const zone = Object.hasOwn(traits, ZONE_TRAIT) ? traits[ZONE_TRAIT] : undefined;
    if (zone === undefined || zone === null || (typeof zone.value === "string" && isZone(zone.value))) return;
    const message = "must be a zone such as `Europe/Berlin`";
    addIssue({ code: "custom", path: ["traits", ZONE_TRAIT, "value"], message });
  })
  .register(wire, { id: "MindscapePatch" });

export type Curation = z.output<typeof curationSchema>;

/** What is learned of a curated trait begins anew, once the curation is taken back. */
export function curatedMind(mind: Mind, { traits, reason }: Curation, by: string, now: number): Mind {
  const next = new Map(Object.entries(mind.traits));
  const memory = new Map(Object.entries(mind.memory));
  for (const [path, curation] of Object.entries(traits)) {
    const before = next.get(path);
    memory.delete(path);
    if (curation === null) {
      next.delete(path);
      continue;
    }
    const { value, confidence, volatility = before?.volatility ?? "low" } = curation;
    const trait: Trait = {
      ...before,
      ...{ value, confidence, volatility, sample_size: before?.sample_size ?? 0, updated_at: now },
      sources: withSource(before?.sources ?? [], "curation"),
      curated: { by, at: now, ...(reason === undefined ? {} : { reason }) },
    };
    next.set(path, trait);
  }
  return { traits: Object.fromEntries(next), memory: Object.fromEntries(memory) };
}
