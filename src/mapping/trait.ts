/** What is known of a person: one shape for whoever writes it, learned, curated or moved by feedback. */
import * as z from "zod";
import { wire } from "../wire.ts";

/** Names with single dots between them: `work.focus_duration.p90`. */
export const TRAIT_PATH = /^(?=.{1,256}$)(?!(?:.*\.)?__proto__(?:\.|$))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,31}$/;
export const TRAIT_PATH_FORM = "must be names of letters, digits, '_' or '-' with single dots between them";

/** Of what changes within hours, or within weeks: cores hold the one, overlays the other. */
export const VOLATILITIES = ["low", "high"] as const;
export type Volatility = (typeof VOLATILITIES)[number];

export interface Trait {
  /** Any JSON. */
  readonly value: unknown;
  /** 0..1 */
  readonly confidence: number;
  /** How many observations have spoken of it; 0 of one that was only curated. */
  readonly sample_size: number;
  readonly volatility: Volatility;
  /** Milliseconds since 1970. */
  readonly updated_at: number;
  /** Who has said something of it, the first who did first: `work_session@1`, `curation`, `feedback`. */
  readonly sources: readonly string[];
  /** Present while what a person has said of it stands. */
  readonly curated?: Curated;
  /** What other writers keep with it is theirs, and stays. */
  readonly [other: string]: unknown;
}

export interface Curated {
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
}

/** By dotted path. */
export type Traits = Readonly<Record<string, Trait>>;

export const traitSchema = z
  .looseObject({
    value: z.unknown(),
    confidence: z.number().min(0).max(1),
    sample_size: z.int().min(0),
    volatility: z.enum(VOLATILITIES),
    updated_at: z.int(),
    sources: z.array(z.string()).readonly(),
    curated: z.object({ by: z.string(), at: z.int(), reason: z.string().exactOptional() }).exactOptional(),
  })
  .register(wire, { id: "Trait", description: "What is known of a person; other keys are those of other writers" });

/** More than these names nobody reads; the first who spoke of it stay. */
const MAX_SOURCES = 16;

export function withSource(sources: readonly string[], source: string): readonly string[] {
  return sources.includes(source) || sources.length >= MAX_SOURCES ? sources : [...sources, source];
}

/**
 * The value at a path: of the longest stored prefix, then into what that holds. Undefined if there is none; a stored
 * null is null. The rule engine reads paths the same way (`crates/persona-rules/src/path.rs`).
 */
export function valueAt(traits: Traits, path: string): unknown {
  for (let prefix = path; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const found = Object.hasOwn(traits, prefix) ? traits[prefix] : undefined;
    if (found === undefined) continue;
    const rest = path.slice(prefix.length + 1);
    return rest === "" ? found.value : rest.split(".").reduce(entryOf, found.value);
  }
  return undefined;
}

function entryOf(value: unknown, key: string): unknown {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  return isTable && Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
