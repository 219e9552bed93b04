/** What learns, over a real store. Tasks are written with what they are about, and run when the test says so. */
import { expect, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { encodeId } from "../../src/ids.ts";
import { Adjuster } from "../../src/mapping/adjuster.ts";
import type { Extractor } from "../../src/mapping/extractors/extractor.ts";
import { Extractors } from "../../src/mapping/extractors/registry.ts";
import { Feedbacks } from "../../src/mapping/feedback.ts";
import { Mindscaper } from "../../src/mapping/mindscaper.ts";
import { Mindscapes } from "../../src/mapping/mindscapes.ts";
import { Observations } from "../../src/mapping/observations.ts";
import type { Agents, AgentTask, Pay } from "../../src/mapping/types.ts";
import { Weights } from "../../src/mapping/weights.ts";
import { random } from "../../src/random.ts";
import type { MapperRow, MappingTable } from "../../src/store/mapping/port.ts";
import type { Store } from "../../src/store/port.ts";
import { withItems } from "../store/rows.ts";

export const TENANT = "default";
export const ANA = "user:ana";
export const BEN = "user:ben";
/** A Friday, 9:00 in London. */
export const FRIDAY = Date.UTC(2026, 10, 20, 9);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type OpenStore = (options: { readonly clock: ManualClock }) => Promise<Store>;

export type Study = Awaited<ReturnType<typeof openStudy>>;

export async function openStudy(open: OpenStore, extractors: readonly Extractor[] = []) {
  const clock = new ManualClock(FRIDAY);
  const store = await open({ clock });
  onTestFinished(() => store.close());
  return { ...over(store, clock, extractors), store, clock, open };
}

/** All that learns; another one of the same store is what a restart makes. */
export function over(store: Store, clock: ManualClock, extractors: readonly Extractor[] = []) {
  const asked: string[] = [];
  const revs: number[] = [];
  const agents: Pick<Agents, "enqueue"> = {
    async enqueue(tenant, name, subject, along = {}) {
      const result = await store.append({ ...withItems(store, 1, { tenant }), along });
      if (result.status === "replayed" || result.status === "conflict") throw new Error(result.status);
      if (result.status !== "appended") return result;
      asked.push(`${name} ${subject}`);
      return { status: "accepted", item: "", repeated: result.repeated ?? [] };
    },
  };
  const changed = (rev: number) => void revs.push(rev);
  const chances = { clock: eager(clock), random: random(1) };
  const mindscapes = new Mindscapes({ store, ...chances, changed });
  const weights = new Weights({ store, random: random(2) });
  const mindscaper = new Mindscaper({
    ...{ store, ...chances, mindscapes, extractors: new Extractors(extractors) },
    pay: unpaid,
  });
  const adjuster = new Adjuster({ store, ...chances, mindscapes, weights, changed });
  const zoneOf = (tenant: string, person: string) => mindscapes.zoneOf(tenant, person);
  const task = (subject: string): AgentTask => ({
    ...{ tenant: TENANT, subject, now: clock.now(), signal: new AbortController().signal },
  });
  return {
    ...{ mindscapes, weights, mindscaper, adjuster, asked, revs },
    observations: new Observations({ store, clock, agents }),
    feedbacks: new Feedbacks({ store, clock, agents, zoneOf }),
    digest: (person = ANA) => mindscaper.run(task(person)),
    adjust: (mapper: string) => adjuster.run(task(mapper)),
  };
}

/** Nobody keeps accounts. */
export const unpaid: Pay = async (_who, _signal, work) =>
  work({ reserve: async () => ({ settle() {} }), book: async () => {}, used: false, assertNotEmpty: async () => {} });

/** Nobody moves the clock while a writer waits for its next attempt. */
function eager(clock: ManualClock) {
  return {
    now: () => clock.now(),
    at(_at: number, wake: () => void) {
      const soon = setImmediate(wake);
      return () => clearImmediate(soon);
    },
  };
}

/** The same store, where some calls on mapping do something else before, or instead. */
export function disturbed(store: Store, calls: Partial<MappingTable>): Store {
  const mapping = new Proxy(store.mapping, { get: (table, name) => Reflect.get(calls, name) ?? bound(table, name) });
  return new Proxy(store, { get: (all, name) => (name === "mapping" ? mapping : bound(all, name)) });
}

function bound(object: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(object, name, object);
  return typeof value === "function" ? value.bind(object) : value;
}

export const session = (id: string, content: object = {}, more: object = {}) => ({
  ...{ id, type: "work_session", observed_at: FRIDAY - HOUR },
  content: { duration_minutes: 60, productivity_score: 5, interruptions: 0, ...content },
  ...more,
});

/** A mapper with two rules, active. */
export async function teach(store: Store, settings: object = {}, over: Partial<MapperRow> = {}): Promise<MapperRow> {
  const row: MapperRow = {
    ...{ key: store.allocate("mapping"), tenant: TENANT, id: "coach", version: 1, semver: "1.0.0", status: "active" },
    document: JSON.stringify({
      rules: [{ id: "deep", weight: 1 }, { id: "rest" }],
      trait_mappings: { focus: ["work.focus_duration", "work.unknown"] },
      feedback_settings: settings,
    }),
    ...{ createdBy: "user:ada", createdAt: FRIDAY },
    ...over,
  };
  await store.mapping.addMapper(row, [], true);
  return row;
}

/** What was suggested to somebody; resolves to its id. */
export async function suggest(store: Store, rule = "deep", person = ANA): Promise<string> {
  const since = store.allocate("mapping");
  const row = {
    ...{ key: store.allocate("mapping"), tenant: TENANT, person, persona: null, mapper: "coach", mapperVersion: 1 },
    ...{ rule, type: "focus", body: "{}", createdAt: FRIDAY },
  };
  await store.mapping.saveSuggestions([row], { since });
  return encodeId("suggestion", row.key, store.salt);
}

export const weightOf = async ({ weights }: Pick<Study, "weights">, rule = "deep") =>
  (await weights.of(TENANT, "coach", { deep: 1, rest: 1 }))[rule];

export const refused = (code: string, ...fields: readonly string[]) =>
  expect.objectContaining({
    code,
    ...(fields.length > 0 && { fields: fields.map((field) => expect.objectContaining({ field })) }),
  });

export const traitsOf = async ({ mindscapes }: Pick<Study, "mindscapes">, person = ANA) =>
  (await mindscapes.get(TENANT, person)).traits;

export const record = ({ observations }: Pick<Study, "observations">, input: unknown, person = ANA) =>
  observations.record(TENANT, input, person);

export const say = (
  { feedbacks }: Pick<Study, "feedbacks">,
  suggestion_id: string,
  id: string,
  said: object = { helpful: true },
) => feedbacks.record(TENANT, { id, suggestion_id, ...said }, { person: ANA });
