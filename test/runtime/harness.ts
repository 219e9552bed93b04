/** A real runtime with the real addon, on a clock that stands still. */
import { onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import { createRuntime, PersonaError } from "../../src/index.ts";
import { PersonaRuntime } from "../../src/runtime/runtime.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import type {
  Answer,
  Cognition,
  PersonaDefinition,
  PersonaWarning,
  Runtime,
  RuntimeEvent,
  RuntimeOptions,
} from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { testStore } from "../support/test-store.ts";

export interface House {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly warnings: readonly PersonaWarning[];
}

/** Default: the store of `testStore`, seed 1, and everybody echoes. */
export async function openHouse(options: Partial<RuntimeOptions> = {}): Promise<House> {
  const clock = new ManualClock();
  const warnings: PersonaWarning[] = [];
  const onWarning = (warning: PersonaWarning) => void warnings.push(warning);
  const runtime = await createRuntime({ store: testStore(), clock, seed: 1, cognition: echo, onWarning, ...options });
  onTestFinished(() => runtime.close({ graceMs: 0 }));
  return { runtime, clock, warnings };
}

/** The same over a store of the test's own making. */
export async function openOver(
  wrap: (store: Store) => Store,
  { store: name = testStore(), ...options }: Partial<Pick<RuntimeOptions, "onWarning" | "store" | "providers">> = {},
): Promise<House> {
  const clock = new ManualClock();
  const store = wrap(await openStore(name, { clock }));
  const warnings: PersonaWarning[] = [];
  const onWarning = (warning: PersonaWarning) => void warnings.push(warning);
  const parts = { store, clock, seed: 1, maxTurnsInFlight: 1_024, maxHops: 8, cognition: echo, onWarning, ...options };
  const runtime = await PersonaRuntime.start(parts);
  onTestFinished(() => runtime.close({ graceMs: 0 }));
  return { runtime, clock, warnings };
}

/** Says back what it heard, so that a test sees which messages were answered together. */
export const echo: Cognition = ({ context, text }) => [...context.map((message) => message.text), text].join("+");

/** A cognition that answers when it is told to; `heard` are the turns it was asked for. */
export function gated() {
  const heard: string[] = [];
  const open: (() => void)[] = [];
  const cognition: Cognition = async (turn) => {
    heard.push(String(await echo(turn)));
    await new Promise<void>((resolve) => open.push(resolve));
    return echo(turn);
  };
  return {
    cognition,
    heard,
    release: () => open.shift()?.(),
    get waiting() {
      return open.length;
    },
  };
}

export async function enroll(runtime: Runtime, id: string, more: Partial<PersonaDefinition> = {}): Promise<void> {
  await runtime.enroll({ id, name: id, ...more });
}

/** Time passes, and everything that it makes due comes to rest. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  await turns();
  clock.advance(ms);
  await turns();
}

/** The text of the reply, or the code and message of what came instead. */
export async function outcomeOf(answer: PromiseLike<{ readonly text: string }>): Promise<string> {
  try {
    return (await answer).text;
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** Everything that the handle's tokens give. */
export async function heardFrom(answer: Answer): Promise<string[]> {
  const tokens: string[] = [];
  for await (const token of answer.tokens) tokens.push(token);
  return tokens;
}

/** Everything that the runtime tells from now on, or after a rev: it grows until the stream ends. */
export function eventsOf(runtime: Runtime, after?: number): readonly RuntimeEvent[] {
  const events: RuntimeEvent[] = [];
  void (async () => {
    for await (const event of runtime.events(after === undefined ? {} : { after })) events.push(event);
  })();
  return events;
}
