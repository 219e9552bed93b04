/** Mappers and what they make of persons, beside everything that learns, over a real store. */
import { onTestFinished } from "vitest";
import { PersonaError } from "../../src/errors.ts";
import type { MapperBounds } from "../../src/mapping/check-mapper.ts";
import { Serving } from "../../src/mapping/serving.ts";
import type { FoundNarrative, NarrativeSource } from "../../src/mapping/sources.ts";
import type { Summarize } from "../../src/mapping/summary.ts";
import { openMemoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/port.ts";
import type { PersonaWarning, Price } from "../../src/types.ts";
import { ANA, type OpenStore, openStudy, TENANT, unpaid } from "./study.ts";

export interface Staging {
  /** Default: a store in memory. */
  readonly open?: OpenStore;
  readonly summarize?: Summarize;
  readonly bounds?: MapperBounds;
  readonly maxPersons?: number;
  readonly prices?: Readonly<Record<string, Price>>;
  /** In place of the store that mappers and cores are kept in. */
  readonly wrap?: (store: Store) => Store;
}

/** Personas: `ada`, whose mapper is `coach`, and `bob`, who has none. */
export async function openTheatre({ open = inMemory, wrap = (store) => store, ...staging }: Staging = {}) {
  const study = await openStudy(open);
  const warnings: PersonaWarning[] = [];
  const narratives = told();
  const personas: Readonly<Record<string, { readonly mapper?: string }>> = { ada: { mapper: "coach" }, bob: {} };
  const serving = new Serving({
    store: wrap(study.store),
    clock: study.clock,
    mindscapes: study.mindscapes,
    weights: study.weights,
    narratives,
    persona: (_tenant, id) => personas[id],
    changed: (rev) => void study.revs.push(rev),
    warn: (warning) => void warnings.push(warning),
    pay: unpaid,
    ...staging,
  });
  onTestFinished(() => serving.close());
  const { mappers, mapPersona } = serving.view({ tenant: TENANT });
  const curate = (traits: Readonly<Record<string, unknown>>, person = ANA) =>
    study.mindscapes.curate(TENANT, person, { traits: valued(traits) }, "user:ada");
  return { ...study, serving, mappers, mapPersona, narratives, warnings, curate };
}

const inMemory: OpenStore = (options) => openMemoryStore({ ...options, salt: 7 });

export type Theatre = Awaited<ReturnType<typeof openTheatre>>;

const valued = (traits: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(traits).map(([path, value]) => [path, { value }]));

/** Narratives that are found by the word that is asked for. */
function told() {
  const listeners = new Set<Parameters<NarrativeSource["onChange"]>[0]>();
  const kept: (FoundNarrative & { readonly person: string })[] = [];
  return {
    async search({ person, query, types, limit }: Parameters<NarrativeSource["search"]>[0]) {
      const narratives = kept
        .filter((one) => one.person === person && one.text.includes(query))
        .filter(({ type }) => types.length === 0 || types.includes(type))
        .sort((a, b) => b.score - a.score)
        .slice(0, limit);
      return { narratives };
    },
    onChange(listener: Parameters<NarrativeSource["onChange"]>[0]) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(text: string, score: number, person = ANA) {
      kept.push({ id: `n${kept.length}`, type: "self_observation", text, created_at: 0, score, person });
      for (const listener of listeners) listener({ tenant: TENANT, person });
    },
  };
}

/** A mapper with a template `t` and these rules. */
export function mapperOf(rules: readonly object[], more: object = {}, metadata: object = {}) {
  return {
    metadata: { id: "coach", version: "1.0.0", description: "A coach", ...metadata },
    rules,
    templates: { t: { title: "Title", description: "Said" } },
    ...more,
  };
}

/** A rule that fires when the trait is there, and says `template`. */
export function ruleOf(id: string, path = "mood", more: object = {}, template = "t") {
  return {
    id,
    conditions: { trait_check: { path, operator: "exists" } },
    actions: [{ generate_suggestion: { type: "focus", template } }],
    ...more,
  };
}

export async function failure(attempt: Promise<unknown>): Promise<PersonaError> {
  const error = await attempt.then(
    () => new Error("It did not fail"),
    (cause: unknown) => cause,
  );
  if (error instanceof PersonaError) return error;
  throw error;
}
