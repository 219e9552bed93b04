/** What goes into one turn and comes out of it, while it runs. */
import type { Clock } from "../clock.ts";
import type { Answered } from "../cognition/run.ts";
import { type Callable, type Tap, tap } from "../cognition/tap.ts";
import { PersonaError } from "../errors.ts";
import type { CognitionTurn, Usage } from "../types.ts";
import type { Heard, Line, RecordedCall, RecordedTurn } from "./format.ts";
import { listenedTo, plain } from "./model.ts";
import { packError } from "./packed-error.ts";

/** What is recorded of a turn beside what its cognition sees. */
export type Subject = Pick<RecordedTurn, "turn" | "tenant" | "kind" | "definition" | "items">;

/** Characters of one turn. */
const MAX_SIZE = 16_000_000;

/** Functions that say something; what they are told is compared as what came of the turn. */
const SAYING = new Set(["stream", "note"]);

export class Tape implements Tap {
  readonly #subject: Subject;
  readonly #write: (line: Line) => void;
  readonly #heard: Record<string, Heard[]> = {};
  readonly #clock: number[] = [];
  readonly #calls: RecordedCall[] = [];
  readonly #settled: unknown[] = [];
  readonly #streamed: string[] = [];
  #view: Record<string, unknown> = {};
  #size = 0;
  #ended = false;

  constructor(subject: Subject, write: (line: Line) => void) {
    this.#subject = subject;
    this.#write = write;
  }

  /** The same turn; whatever it is asked is recorded. */
  of(turn: CognitionTurn): CognitionTurn {
    const view: Record<string, unknown> = {};
    for (const name of Object.keys(turn)) {
      // It is made when it is asked for.
      if (name === "signal") continue;
      const value: unknown = turn[name as keyof CognitionTurn];
      if (typeof value === "function") view[name] = this.#listened(name, value as Asked);
      else if (name === "tools" && Array.isArray(value)) view[name] = value.map((tool) => this.#tool(tool));
      else {
        view[name] = value;
        this.#view[name] = plain(value);
      }
    }
    this.#grow(this.#view);
    Object.defineProperty(view, "signal", { get: () => turn.signal, enumerable: true });
    tap(view as unknown as CognitionTurn, this);
    return view as unknown as CognitionTurn;
  }

  clock(clock: Clock): Clock {
    const now = () => {
      const reading = clock.now();
      this.#clock.push(reading);
      return reading;
    };
    return { now, at: (at, wake) => clock.at(at, wake) };
  }

  model<Model>(callable: Callable<Model>): Model {
    const listener = {
      call: (call: RecordedCall) => void this.#calls.push(call),
      grow: (piece: unknown) => this.#grow(piece),
    };
    return listenedTo(callable, listener);
  }

  /** The turn has ended: what cognition answered, or threw, or why it was aborted. Only the first end counts. */
  end(came: Answered | Error, facts: unknown, aborted: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#size > MAX_SIZE) {
      const { turn } = this.#subject;
      this.#write({ type: "left_out", turns: 1, reason: `turn ${turn} is larger than ${MAX_SIZE} characters` });
      return;
    }
    const isError = came instanceof Error;
    const code = came instanceof PersonaError ? came.code : "cognition_failed";
    const record: RecordedTurn = {
      type: "turn",
      ...this.#subject,
      view: this.#view,
      heard: this.#heard,
      clock: this.#clock,
      calls: this.#calls,
      ...(aborted && isError && { aborted: { code, message: came.message } }),
      out: outOf(aborted ? undefined : came, this.#streamed, facts, this.#settled),
    };
    this.#write(record);
  }

  #listened(name: string, ask: Asked): Asked {
    if (name === "stream") {
      return (token) => {
        if (typeof token === "string" && token !== "") {
          this.#streamed.push(token);
          this.#grow(token);
        }
        return ask(token);
      };
    }
    if (SAYING.has(name)) return ask;
    const record = this.#recording(name, ask);
    return name === "reserve" ? (call) => this.#settling(record(call) as Promise<Reserved>) : record;
  }

  #tool(tool: { readonly name: string; call(args: unknown): Promise<unknown> }): unknown {
    const { name, call, ...rest } = tool;
    const { parameters: _, ...shown } = rest as Record<string, unknown>;
    this.#view["tools"] = [...((this.#view["tools"] as unknown[]) ?? []), plain({ name, ...shown })];
    return { ...rest, name, call: this.#recording(`tools.${name}`, (args) => call.call(tool, args)) };
  }

  #recording(name: string, ask: Asked): Asked {
    return async (...args) => {
      const heard: { args: unknown[]; value?: unknown; error?: unknown } = { args: plain(args) as unknown[] };
      this.#heard[name] = [...(this.#heard[name] ?? []), heard];
      try {
        const value = await ask(...args);
        if (name !== "reserve") heard.value = plain(value);
        this.#grow(heard);
        return value;
      } catch (error) {
        heard.error = packError(error, (text) => text);
        throw error;
      }
    };
  }

  async #settling(reserved: Promise<Reserved>): Promise<Reserved> {
    const reservation = await reserved;
    const place = this.#settled.push(null) - 1;
    return {
      settle: (usage) => {
        this.#settled[place] ??= plain(usage ?? "unknown");
        reservation.settle(usage);
      },
    };
  }

  /** Nothing is kept of what is too large anyway. */
  #grow(piece: unknown): void {
    this.#size += JSON.stringify(piece)?.length ?? 0;
    if (this.#size <= MAX_SIZE) return;
    this.#streamed.length = 0;
    for (const call of this.#calls) call.parts.length = 0;
  }
}

type Asked = (...args: unknown[]) => unknown;
type Reserved = { settle(usage: Usage | undefined): void };

/** What came of a turn, as it is compared. */
export function outOf(
  came: Answered | Error | undefined,
  streamed: readonly string[],
  facts: unknown,
  settled: readonly unknown[],
): Record<string, unknown> {
  const answer =
    came instanceof Error
      ? { error: { code: came instanceof PersonaError ? came.code : "cognition_failed", message: came.message } }
      : (came ?? {});
  return plain({ ...answer, streamed, facts, settled }) as Record<string, unknown>;
}
