/** A recorded turn, as a cognition sees it: whatever it asks is answered from the recording. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { Facts } from "../cognition/facts.ts";
import { type Answered, runCognition } from "../cognition/run.ts";
import { type Callable, type Tap, tap } from "../cognition/tap.ts";
import { PersonaError } from "../errors.ts";
import type { Cognition, CognitionFacts, CognitionTurn, Usage } from "../types.ts";
import { type Difference, firstDifference } from "./difference.ts";
import type { RecordedCall, RecordedTurn } from "./format.ts";
import { plain, playedBack } from "./model.ts";
import { unpackError } from "./packed-error.ts";
import { outOf } from "./tape.ts";

/** A tool of the host, as far as a replay uses it. */
export interface ReplayTool {
  readonly name: string;
  readonly execute?: (args: unknown, context: { readonly signal: AbortSignal }) => unknown;
}

/** A cognition that is not the recorded one may wait for what never comes. */
const PATIENCE_MS = 30_000;
/** Turns of the event loop that what is on its way through the AI SDK may take, at least and at most. */
const LEAST_TURNS = 10;
const SETTLING_TURNS = 1_000;

/** Runs a cognition over a recorded turn; gives the first difference from what was recorded, if there is one. */
export async function playBack(
  recorded: RecordedTurn,
  cognition: Cognition,
  tools: readonly ReplayTool[],
): Promise<Difference | undefined> {
  return new Playback(recorded, tools).run(cognition);
}

class Playback implements Tap {
  readonly #recorded: RecordedTurn;
  readonly #tools: ReadonlyMap<string, ReplayTool>;
  readonly #controller = new AbortController();
  readonly #facts = new Facts();
  readonly #streamed: string[] = [];
  readonly #settled: unknown[] = [];
  /** How much of each was asked for. */
  readonly #asked = new Map<string, number>();
  #calls = 0;
  #readings = 0;
  #difference: Difference | undefined;
  #over = false;
  readonly #aborted = Promise.withResolvers<"aborted">();

  constructor(recorded: RecordedTurn, tools: readonly ReplayTool[]) {
    this.#recorded = recorded;
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
  }

  async run(cognition: Cognition): Promise<Difference | undefined> {
    const { out, aborted } = this.#recorded;
    const view = this.#view();
    tap(view, this);
    const said = this.#streamed;
    const over = () => this.#over;
    const progress = {
      get spoken() {
        return said.join("");
      },
      get over() {
        return over();
      },
    };
    const ran: Promise<Answered | Error | "aborted"> = runCognition(cognition, view, progress).catch(
      (error: Error) => error,
    );
    const came = await Promise.race([ran, this.#aborted.promise, late()]);
    this.#over = true;
    if (this.#difference !== undefined) return this.#difference;
    if (came === "late") return { path: "out", expected: "an end", actual: `none within ${PATIENCE_MS / 1000} s` };
    const isAborted = came === "aborted";
    if (isAborted !== (aborted !== undefined)) {
      const words = ["an answer of its own", "an end from outside"];
      const [expected, actual] = isAborted ? words : words.toReversed();
      return { path: "out", expected: expected ?? "", actual: actual ?? "" };
    }
    const actual = outOf(isAborted ? undefined : came, this.#streamed, this.#facts.noted, this.#settled);
    return firstDifference(out, actual, "out") ?? (isAborted ? undefined : this.#unasked());
  }

  clock(clock: Clock): Clock {
    const now = () => {
      const reading = this.#recorded.clock[this.#readings];
      this.#readings += 1;
      if (reading === undefined) this.#differ({ path: "clock", expected: "no further reading", actual: "a reading" });
      return reading ?? clock.now();
    };
    return { now, at: (at, wake) => clock.at(at, wake) };
  }

  model<Model>(callable: Callable<Model>): Model {
    return playedBack(
      callable,
      (name, options) => this.#call(name, options),
      () => void this.#endSoon(),
    );
  }

  #view(): CognitionTurn {
    const { view, heard } = this.#recorded;
    const { tools = [], ...data } = view as { tools?: { name: string }[] };
    const names = new Set([...Object.keys(heard).filter((name) => !name.startsWith("tools.")), ...ASKED]);
    const functions = Object.fromEntries(
      [...names].map((name) => [name, (...args: unknown[]) => this.#ask(name, args)]),
    );
    return {
      ...data,
      ...functions,
      tools: tools.map((tool) => ({ ...tool, call: (args: unknown) => this.#use(tool.name, args) })),
      signal: this.#controller.signal,
      stream: (token: string) => this.#stream(token),
      note: (facts: CognitionFacts) => {
        if (!this.#over) this.#facts.note(facts);
      },
      reserve: async (call: unknown) => {
        await this.#ask("reserve", [call]);
        const place = this.#settled.push(null) - 1;
        return {
          settle: (usage: Usage | undefined) => {
            if (!this.#over) this.#settled[place] ??= plain(usage ?? "unknown");
          },
        };
      },
    } as unknown as CognitionTurn;
  }

  #stream(token: string): void {
    if (this.#over || token === "") return;
    // The recording may know more of a stream than was heard of it before the turn was ended.
    if (this.#recorded.aborted !== undefined && this.#hasSpoken()) this.#abort();
    else this.#streamed.push(token);
  }

  #hasSpoken(): boolean {
    return this.#streamed.length >= ((this.#recorded.out["streamed"] as unknown[]) ?? []).length;
  }

  /** The recording knows nothing more: the turn was ended there, once what was on its way had been heard. */
  async #endSoon(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS && !this.#over; turn += 1) {
      await setImmediate();
      if (turn >= LEAST_TURNS && this.#hasSpoken()) break;
    }
    this.#abort();
  }

  async #ask(name: string, args: unknown[]): Promise<unknown> {
    const count = this.#asked.get(name) ?? 0;
    const heard = this.#recorded.heard[name]?.[count];
    if (heard === undefined) return this.#beyond(`heard.${name}[${count}]`);
    this.#asked.set(name, count + 1);
    this.#differ(firstDifference(heard.args, plain(args), `heard.${name}[${count}].args`));
    if (heard.error !== undefined) throw unpackError(heard.error);
    return heard.value;
  }

  /** A tool that is given is used in earnest, and has to give what was recorded. */
  async #use(name: string, args: unknown): Promise<unknown> {
    const place = `tools.${name}`;
    const count = this.#asked.get(place) ?? 0;
    const given = this.#tools.get(name)?.execute;
    if (given === undefined) return this.#ask(place, [args]);
    const recorded = this.#recorded.heard[place]?.[count];
    const told = await this.#ask(place, [args]).catch((error: unknown) => error);
    const value = await given(args, { signal: this.#controller.signal });
    if (recorded?.error === undefined)
      this.#differ(firstDifference(told, plain(value), `heard.${place}[${count}].value`));
    return value;
  }

  #call(name: string, options: unknown): RecordedCall {
    const path = `calls[${this.#calls}]`;
    const call = this.#recorded.calls[this.#calls];
    if (call === undefined) {
      this.#differ({ path, expected: "no further call of a model", actual: name });
      throw new PersonaError("internal", "The recording has no further call of a model");
    }
    this.#calls += 1;
    this.#differ(firstDifference(call.model, name, `${path}.model`));
    this.#differ(firstDifference(call.options, options, `${path}.options`));
    return call;
  }

  /** The turn was ended there, or is another one. */
  #beyond(path: string): Promise<never> {
    if (this.#recorded.aborted !== undefined) void this.#endSoon();
    else {
      this.#differ({ path, expected: "nothing more to be asked", actual: "a question" });
      return Promise.reject(new PersonaError("internal", "The recording has no answer to this"));
    }
    return new Promise(() => {});
  }

  #abort(): void {
    const { aborted } = this.#recorded;
    if (aborted === undefined || this.#over || this.#controller.signal.aborted) return;
    // What is noted on hearing it still counts.
    this.#controller.abort(unpackError({ coded: aborted.code, message: aborted.message }));
    this.#over = true;
    this.#aborted.resolve("aborted");
  }

  #unasked(): Difference | undefined {
    const { calls, heard } = this.#recorded;
    if (this.#calls < calls.length)
      return { path: `calls[${this.#calls}]`, expected: calls[this.#calls]?.model ?? "", actual: "no call of a model" };
    for (const [name, asked] of Object.entries(heard)) {
      const count = this.#asked.get(name) ?? 0;
      if (count < asked.length)
        return { path: `heard.${name}[${count}]`, expected: "to be asked", actual: "not asked" };
    }
    return undefined;
  }

  /** What is asked after the end was not recorded either. */
  #differ(difference: Difference | undefined): void {
    if (!this.#over) this.#difference ??= difference;
  }
}

/** What a turn can be asked, also where nothing was. */
const ASKED = ["history", "earlier", "room"];

function late(): Promise<"late"> {
  return new Promise((resolve) => setTimeout(() => resolve("late"), PATIENCE_MS).unref());
}
