/** One engine, so many rules, in a process of its own: what each call costs, checked while it is timed. */
import { createHash } from "node:crypto";
import { measured } from "../support/isolated.ts";
import type { Contender, CrowdContender, Engine } from "./contender.ts";
import { type Call, Cycle, cold, cpuUs, low, timed } from "./cycle.ts";
import { expected, fires, hourOf, type Step, TRAITS, type Workload, workload } from "./workload.ts";

export interface CaseOptions {
  /** File in `engines`, without its ending. */
  readonly engine: string;
  readonly rules: number;
  /** How many persons are asked at once; one is resident otherwise. */
  readonly persons?: number;
  /** How many of them really are, if not all: the figure is then multiplied by what is missing. */
  readonly asked?: number;
  /** For each figure. */
  readonly ms: number;
}

/** Microseconds for each call; the digest is that of all answers to `suggest`. */
export interface CaseResult {
  readonly title: string;
  /** Until the first answer can be asked for, in milliseconds. */
  readonly compileMs: number;
  /** Of the first 50 ms: processor time. */
  readonly coldUs: number;
  readonly fired?: number;
  readonly suggest?: number;
  readonly learn?: number;
  readonly pass?: number;
  readonly digest?: string;
}

await measured(async ({ engine: file, rules, persons, asked = persons, ms }: CaseOptions): Promise<CaseResult> => {
  const { engine } = (await import(`./engines/${file}.ts`)) as { engine: Engine };
  const given = workload(rules);
  if (persons === undefined || asked === undefined) return await one(engine, given, ms);
  const { pass, ...result } = await many(engine, given, asked, ms);
  return { ...result, pass: (pass * persons) / asked };
});

async function one(engine: Engine, given: Workload, ms: number): Promise<CaseResult> {
  const { counts, sums } = expected(given);
  const start = process.cpuUsage();
  const contender = engine.one(given);
  const compileMs = cpuUs(start) / 1_000;
  const check = (fired: ArrayLike<number>, n: number) => {
    let sum = 0;
    for (let at = 0; at < fired.length; at += 1) sum += fired[at] as number;
    if (fired.length !== counts[n] || sum !== sums[n])
      throw new Error(`Step ${n}: ${fired.length} rules, not ${counts[n]}.`);
  };
  const ask: Call = (step, n) => {
    const found = contender.fired(step);
    return "then" in found ? found.then((fired) => check(fired, n)) : check(found, n);
  };
  const cycle = new Cycle(given.steps);
  const coldUs = await cold(cycle, ask);
  const result: CaseResult = { title: engine.title, compileMs, coldUs, fired: await timed(cycle, ms, ask) };
  const { suggest, learn } = contender;
  if (suggest === undefined || learn === undefined) return result;
  const suggested = await suggesting(cycle, ms, suggest);
  return { ...result, ...suggested, learn: await timed(cycle, ms, (step) => learn(step)) };
}

/** Answers are digested first, and then counted while they are timed. */
async function suggesting(cycle: Cycle, ms: number, suggest: NonNullable<Contender["suggest"]>) {
  let digest = createHash("sha256");
  const lengths: number[] = [];
  await cycle.whole((step, n) => {
    if (n === 0) digest = createHash("sha256");
    const answer = suggest(step);
    lengths[n] = answer.reduce((sum, { description, because }) => sum + description.length + because.length, 0);
    digest.update(canonical(answer));
  });
  const figure = await timed(cycle, ms, (step, n) => {
    let length = 0;
    for (const { description, because } of suggest(step)) length += description.length + because.length;
    if (length !== lengths[n]) throw new Error(`Step ${n}: another answer.`);
  });
  return { suggest: figure, digest: digest.digest("hex") };
}

async function many(engine: Engine, given: Workload, persons: number, ms: number) {
  const levels = Float64Array.from(
    { length: persons * TRAITS },
    (_, n) => given.steps[(n * 7 + (n >> 5)) % given.steps.length]?.value ?? 0,
  );
  const start = process.cpuUsage();
  const contender = engine.many(given, levels);
  const compileMs = cpuUs(start) / 1_000;
  // A pass takes long enough to be timed alone; 24 moments are enough to have no answer by heart.
  const steps = given.steps.slice(0, 24);
  const wanted = steps.map(({ context, now }) => {
    let [pairs, sum] = [0, 0];
    for (let person = 0; person < persons; person += 1) {
      const own = levels.subarray(person * TRAITS, (person + 1) * TRAITS);
      given.rules.forEach((rule, index) => {
        if (!fires(rule, own, context, hourOf(now))) return;
        pairs += 1;
        sum += index + person;
      });
    }
    return { pairs, sum };
  });
  /** Checked once its time has been taken. */
  const pass = async (step: Step, n: number): Promise<number> => {
    const at = performance.now();
    const found = await (contender as CrowdContender).pass(step);
    const us = (performance.now() - at) * 1_000;
    if (found.pairs !== wanted[n]?.pairs || found.sum() !== wanted[n]?.sum) throw new Error(`Step ${n}: other pairs.`);
    return us;
  };
  const figures: number[] = [];
  const first = process.cpuUsage();
  await pass(steps[0] as Step, 0);
  const coldUs = cpuUs(first);
  const end = performance.now() + ms;
  for (let n = 1; performance.now() < end || figures.length < 2; n += 1) {
    figures.push(await pass(steps[n % steps.length] as Step, n % steps.length));
  }
  return { title: engine.title, compileMs, coldUs, pass: low(figures) };
}

/** Objects with their keys in order, so that equal answers have equal digests. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
