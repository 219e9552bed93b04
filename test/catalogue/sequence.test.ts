import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ResolvedSession } from "../../src/catalogue/resolved-session.ts";
import type { SequenceInput } from "../../src/catalogue/schema.ts";
import {
  advance,
  afterTurn,
  begin,
  close,
  judged,
  type Moved,
  readProgress,
  type SequenceProgress,
  type StepChange,
} from "../../src/catalogue/sequence.ts";
import { PersonaError } from "../../src/errors.ts";
import { sessionOf, steps } from "./entries.ts";

/** Goes through a sequence, and tells it as `s0 entered begun`. */
class Walk {
  readonly session: ResolvedSession;
  progress: SequenceProgress;
  readonly told: string[] = [];

  constructor(sequence: Partial<SequenceInput>, step = 0) {
    this.session = sessionOf({ sequence }, { step });
    this.progress = this.#take(begin(this.session) as Moved);
  }

  get step(): string {
    return this.session.steps?.[this.progress.step_index]?.id ?? "";
  }

  turn(...tools: string[]): this {
    return this.turnOf(this.step, ...tools);
  }

  turnOf(step: string, ...tools: string[]): this {
    this.progress = this.#take(afterTurn(this.session, this.progress, { step, tools }));
    return this;
  }

  advance(from = this.step): this {
    this.progress = this.#take(advance(this.session, this.progress, { from }));
    return this;
  }

  judge(met: boolean, step = this.step): this {
    this.progress = this.#take(judged(this.session, this.progress, { step, met, reason: "Because." }));
    return this;
  }

  close(): this {
    this.progress = this.#take(close(this.session, this.progress));
    return this;
  }

  /** What was told since the last time. */
  get news(): readonly string[] {
    return this.told.splice(0);
  }

  #take({ progress, changes }: Moved): SequenceProgress {
    for (const { sequence_id, step_id, step_index, status, reason } of changes) {
      expect([sequence_id, this.session.steps?.[step_index]?.id]).toEqual(["tour", step_id]);
      this.told.push(`${step_id} ${status} ${reason}`);
    }
    return progress;
  }
}

const code = (run: () => unknown): string => {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof PersonaError ? error.code : String(error);
  }
};

test("a session without a sequence has no progress", () => {
  expect(begin(sessionOf({ role: {} }))).toBeUndefined();
});

describe("completion decides what ends a sequence", () => {
  test("all_steps: when its last step is over", () => {
    const walk = new Walk({ completion: "all_steps" });
    expect(walk.news).toEqual(["s0 entered begun"]);
    expect(walk.advance().turn().advance().news).toEqual([
      "s0 completed advanced",
      "s1 entered advanced",
      "s1 completed advanced",
      "s2 entered advanced",
    ]);
    expect(walk.advance().news).toEqual(["s2 completed advanced", "s2 sequence_completed advanced"]);
    expect(walk.progress).toMatchObject({ status: "completed", step_index: 2, turns: 1 });
  });

  test("explicit_close: the last step stays until somebody closes it", () => {
    const walk = new Walk({ completion: "explicit_close", max_turns: 2, steps: steps(2, { max_turns: 1 }) });
    walk.turn();
    expect(walk.news).toEqual(["s0 entered begun", "s0 completed max_turns", "s1 entered max_turns"]);
    const before = walk.progress;
    expect(walk.advance().progress).toBe(before);
    expect(walk.turn().turn().turn().judge(true).advance().news).toEqual([]);
    expect(walk.progress).toMatchObject({ status: "running", step_index: 1 });
    expect(walk.close().news).toEqual(["s1 completed closed", "s1 sequence_completed closed"]);
  });

  test("max_turns: at its turn bound, in whatever step", () => {
    const walk = new Walk({ completion: "max_turns", max_turns: 3 });
    expect(walk.turn().advance().turn().news).toHaveLength(3);
    expect(walk.turn().news).toEqual(["s1 sequence_completed max_turns"]);
    const long = new Walk({ completion: "max_turns", max_turns: 3, steps: steps(2) });
    expect(long.advance().advance().turn().turn().news).toHaveLength(3);
    expect(long.turn().news).toEqual(["s1 completed max_turns", "s1 sequence_completed max_turns"]);
  });

  test("a turn bound of the sequence says nothing where another completion was chosen", () => {
    const walk = new Walk({ completion: "all_steps", max_turns: 1 });
    expect(walk.turn().turn().news).toEqual(["s0 entered begun"]);
  });

  test("what is over stays so", () => {
    const walk = new Walk({}).close();
    expect(walk.news).toEqual(["s0 entered begun", "s0 sequence_completed closed"]);
    const over = walk.progress;
    expect(walk.turn().advance().judge(true).close().advance("s2").news).toEqual([]);
    expect(walk.progress).toBe(over);
    expect(code(() => walk.advance("s9"))).toBe("step_not_found");
  });

  test("begins with the step that was asked for", () => {
    const walk = new Walk({}, 1);
    expect(walk.advance("s0").advance("s1").news).toEqual([
      "s1 entered begun",
      "s1 completed advanced",
      "s2 entered advanced",
    ]);
  });
});

describe("to advance names the step that is left", () => {
  test("twice for the same step goes on once", () => {
    const walk = new Walk({}).advance("s0");
    const once = walk.progress;
    expect(walk.advance("s0").progress).toBe(once);
    expect(walk.news).toEqual(["s0 entered begun", "s0 completed advanced", "s1 entered advanced"]);
  });

  test("and a turn bound that has left it already does not make it two", () => {
    const walk = new Walk({ steps: steps(3, { max_turns: 1 }) }).turn();
    expect(walk.advance("s0").step).toBe("s1");
    // The turn began in s0, which was left while it ran.
    const other = new Walk({ steps: steps(3, { max_turns: 1 }) }).advance("s0");
    expect(other.turnOf("s0").step).toBe("s1");
    expect(other.progress).toMatchObject({ turns: 1, turns_in_step: 0 });
    expect(other.turn().step).toBe("s2");
  });

  test("is refused for a step that is not reached yet, or is none", () => {
    const walk = new Walk({});
    expect(code(() => walk.advance("s1"))).toBe("step_not_current");
    expect(code(() => walk.advance("s7"))).toBe("step_not_found");
    const none = sessionOf({});
    expect(code(() => advance(none, walk.progress, { from: "s0" }))).toBe("step_not_found");
    expect(walk.step).toBe("s0");
  });
});

describe("a step with a turn bound", () => {
  test("goes on once, after so many turns of its own", () => {
    const walk = new Walk({ steps: [...steps(2, { max_turns: 2 }), { id: "s2", instruction: "Do 2." }] });
    expect(walk.turn().step).toBe("s0");
    expect(walk.turn().step).toBe("s1");
    expect(walk.turn().step).toBe("s1");
    expect(walk.turn().step).toBe("s2");
    expect(walk.turn().turn().turn().turn().step).toBe("s2");
    expect(walk.progress).toMatchObject({ status: "running", turns: 8, turns_in_step: 4 });
  });
});

describe("a step that requires tools", () => {
  const needy = { steps: steps(2, { require_tools: ["map", "phone"], max_turns: 1 }) };

  test("is not left before each was called, and then at once where its bound was reached", () => {
    const walk = new Walk(needy).turn("map", "radio");
    expect(code(() => walk.advance())).toBe("step_incomplete");
    expect(walk.turn().step).toBe("s0");
    expect(walk.progress.tools).toEqual(["map"]);
    expect(walk.turn("phone").news).toEqual(["s0 entered begun", "s0 completed max_turns", "s1 entered max_turns"]);
    expect(walk.progress).toMatchObject({ tools: [], turns: 3, turns_in_step: 0 });
  });

  test("keeps a verdict until the last tool was called", () => {
    const walk = new Walk({ steps: steps(2, { require_tools: ["map"] }) }).judge(true);
    expect(walk.step).toBe("s0");
    expect(walk.turn("map").news).toEqual([
      "s0 entered begun",
      "s0 completed exit_criteria",
      "s1 entered exit_criteria",
    ]);
    // Of a step that was left it says nothing about the next.
    expect(walk.turn("map").step).toBe("s1");
  });

  test("can be left once they were, and what another step called does not count", () => {
    const walk = new Walk({ steps: steps(2, { require_tools: ["map"] }) }).turn("map").advance();
    expect(code(() => walk.advance())).toBe("step_incomplete");
    expect(walk.turnOf("s0", "map").progress.tools).toEqual([]);
    expect(code(() => walk.turn("map").advance())).toBe("none");
    expect(walk.progress.status).toBe("completed");
  });

  test("does not keep a sequence from its end, but is not completed by it", () => {
    expect(new Walk(needy).close().news).toEqual(["s0 entered begun", "s0 sequence_completed closed"]);
    const last = new Walk(needy, 1).turn("map").close();
    expect(last.news).toEqual(["s1 entered begun", "s1 sequence_completed closed"]);
    const bound = new Walk({ ...needy, completion: "max_turns", max_turns: 2 }).turn("phone").turn();
    expect(bound.news).toEqual(["s0 entered begun", "s0 sequence_completed max_turns"]);
  });
});

describe("a verdict", () => {
  test("is recorded, and leaves the step only when the criteria are met", () => {
    const walk = new Walk({}).turn().judge(false);
    expect(walk.progress.verdict).toEqual({ step_id: "s0", met: false, reason: "Because.", turns: 1 });
    expect(walk.judge(true).news).toEqual([
      "s0 entered begun",
      "s0 completed exit_criteria",
      "s1 entered exit_criteria",
    ]);
    expect(walk.progress.verdict).toMatchObject({ step_id: "s0", met: true });
  });

  test("on a step that was left meanwhile changes nothing", () => {
    const walk = new Walk({}).advance();
    const before = walk.progress;
    expect(walk.judge(true, "s0").progress).toBe(before);
    expect(walk.judge(true, "s2").progress).toBe(before);
  });

  test("keeps of a judge's words what a store can keep", () => {
    const { session, progress } = new Walk({});
    const reason = `${"x".repeat(999)}\u{1f600}${"y".repeat(100_000)}`;
    const { verdict } = judged(session, progress, { step: "s0", met: false, reason }).progress;
    expect(verdict?.reason).toHaveLength(1_000);
    expect(verdict?.reason.isWellFormed()).toBe(true);
  });
});

describe("progress that was stored", () => {
  const walk = new Walk({ steps: steps(2, { require_tools: ["map", "phone"] }) }).turn("map").judge(false);

  test("is read as it was", () => {
    expect(readProgress(walk.session, JSON.parse(JSON.stringify(walk.progress)))).toEqual(walk.progress);
  });

  test.each([
    ["nothing", undefined],
    ["a half", { status: "running", step_index: 0 }],
    ["a step that is none", { ...walk.progress, step_index: 2 }],
    ["turns below nothing", { ...walk.progress, turns: -1 }],
    ["more turns in the step than in all", { ...walk.progress, turns_in_step: 5 }],
    ["a tool of another step", { ...walk.progress, tools: ["radio"] }],
    ["another status", { ...walk.progress, status: "paused" }],
    ["half a verdict", { ...walk.progress, verdict: { met: true } }],
    ["something more", { ...walk.progress, surprise: 1 }],
  ])("is not read when it is %s", (_name, stored) => {
    expect(code(() => readProgress(walk.session, stored))).toBe("store_corrupt");
  });
});

/** What can happen to a sequence; steps by index, also of those that are not there. */
const happening = fc.oneof(
  fc.record({ what: fc.constant("turn" as const), step: fc.nat(5), tools: fc.subarray(["map", "phone", "radio"]) }),
  fc.record({ what: fc.constant("advance" as const), step: fc.nat(5) }),
  fc.record({ what: fc.constant("judge" as const), step: fc.nat(5), met: fc.boolean() }),
  fc.record({ what: fc.constant("close" as const) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

const sequences = fc
  .record({
    completion: fc.constantFrom("all_steps" as const, "explicit_close" as const, "max_turns" as const),
    max_turns: fc.integer({ min: 1, max: 12 }),
    steps: fc.array(
      fc.record({
        require_tools: fc.subarray(["map", "phone"]),
        max_turns: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ steps, ...sequence }) => ({
    ...sequence,
    steps: steps.map(({ max_turns, ...step }, n) => ({
      id: `s${n}`,
      instruction: "Do.",
      ...step,
      ...(max_turns !== undefined && { max_turns }),
    })),
  }));

function happen(session: ResolvedSession, progress: SequenceProgress, event: Happening): Moved {
  const step = "step" in event ? `s${event.step}` : "";
  try {
    if (event.what === "turn") return afterTurn(session, progress, { step, tools: event.tools });
    if (event.what === "advance") return advance(session, progress, { from: step });
    if (event.what === "judge") return judged(session, progress, { step, met: event.met, reason: "r" });
    return close(session, progress);
  } catch (error) {
    if (!(error instanceof PersonaError) || error.code === "internal") throw error;
    return { progress, changes: [] };
  }
}

/** All changes of a run; progress goes through JSON after each of its happenings. */
function run(
  session: ResolvedSession,
  events: readonly Happening[],
): { progress: SequenceProgress; changes: StepChange[] } {
  let { progress, changes } = begin(session) as Moved;
  const all = [...changes];
  for (const event of events) {
    const before = JSON.stringify(progress);
    ({ progress, changes } = happen(session, progress, event));
    if (changes.length > 0) expect(JSON.stringify(progress)).not.toBe(before);
    all.push(...changes);
    progress = readProgress(session, JSON.parse(JSON.stringify(progress)));
  }
  return { progress, changes: all };
}

const RUNS = { numRuns: 2_000 };

test("no step is skipped, none is entered twice, and each change is told once", () => {
  fc.assert(
    fc.property(sequences, fc.nat(4), fc.array(happening, { maxLength: 60 }), (sequence, start, events) => {
      const first = Math.min(start, sequence.steps.length - 1);
      const session = sessionOf({ sequence }, { step: first });
      const { progress, changes } = run(session, events);
      const entered = changes.filter(({ status }) => status === "entered").map(({ step_index }) => step_index);
      expect(entered).toEqual(entered.map((_, n) => first + n));
      expect(progress.step_index).toBe(entered.at(-1));
      const told = changes.map(({ step_id, status }) => `${step_id} ${status}`);
      expect(new Set(told).size).toBe(told.length);
      // Whoever is left was completed, between its own beginning and that of the next.
      for (const index of entered.slice(0, -1)) {
        const at = told.indexOf(`s${index} completed`);
        expect([at - 1, at + 1].map((place) => changes[place]?.status)).toContain("entered");
        expect(told[at + 1]).toBe(`s${index + 1} entered`);
      }
      const ends = changes.filter(({ status }) => status === "sequence_completed");
      expect(ends).toHaveLength(progress.status === "completed" ? 1 : 0);
      if (ends.length > 0) expect(changes.at(-1)).toBe(ends[0]);
    }),
    RUNS,
  );
});

test("a step is never completed before each of its tools was called in it", () => {
  fc.assert(
    fc.property(sequences, fc.array(happening, { maxLength: 60 }), (sequence, events) => {
      const session = sessionOf({ sequence });
      let progress = (begin(session) as Moved).progress;
      const called = new Map<string, Set<string>>();
      for (const event of events) {
        const current = `s${progress.step_index}`;
        const isRunning = progress.status === "running";
        if (event.what === "turn" && `s${event.step}` === current && isRunning) {
          const known = called.get(current) ?? new Set();
          called.set(current, new Set([...known, ...event.tools]));
        }
        const moved = happen(session, progress, event);
        for (const { step_id, status } of moved.changes) {
          if (status !== "completed") continue;
          const step = session.steps?.find(({ id }) => id === step_id);
          for (const tool of step?.require_tools ?? []) expect(called.get(step_id)?.has(tool)).toBe(true);
        }
        progress = moved.progress;
      }
    }),
    RUNS,
  );
});

test("the same happenings give the same outcome, and whatever happened it can be brought to its end", () => {
  fc.assert(
    fc.property(sequences, fc.array(happening, { maxLength: 40 }), (sequence, events) => {
      const session = sessionOf({ sequence });
      const once = run(session, events);
      expect(run(session, events)).toEqual(once);
      let { progress } = once;
      let rounds = 0;
      for (; progress.status === "running" && rounds < 20; rounds += 1) {
        const step = `s${progress.step_index}`;
        progress = afterTurn(session, progress, { step, tools: ["map", "phone"] }).progress;
        progress = advance(session, progress, { from: step }).progress;
      }
      const stays = sequence.completion === "explicit_close";
      if (stays && progress.status === "running") {
        expect(progress.step_index).toBe(sequence.steps.length - 1);
        progress = close(session, progress).progress;
      }
      expect(progress.status).toBe("completed");
      expect(rounds).toBeLessThanOrEqual(stays ? 20 : Math.max(sequence.steps.length, sequence.max_turns));
    }),
    RUNS,
  );
});
