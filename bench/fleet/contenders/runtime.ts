/** This package as its user meets it: `send`, a session for each persona, the store in memory, the reply awaited. */

import { parse } from "../../../src/faults.ts";
import type { Cognition } from "../../../src/index.ts";
import { PersonaRuntime } from "../../../src/runtime/runtime.ts";
import { optionsSchema } from "../../../src/runtime/settings.ts";
import { openMemoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/port.ts";
import { clock, WINDOWS } from "../../support/open-fleet.ts";
import type { OpenContender, Work } from "../contenders.ts";

/** More than any case has waiting, for the one persona that is overrun. */
const SETTINGS = { maxQueued: 1_000_000, windows: WINDOWS };
const FROM = { from: "user:1" };

export const open: OpenContender = async (personas, work) => {
  /** Waiting messages of one conversation come merged into one turn. */
  const cognition: Cognition = async ({ persona, context, trigger }) => {
    const number = Number(persona.id.slice(1));
    for (const { text } of context) await work.handle(number, Number(text));
    await work.handle(number, Number(trigger.text));
    return trigger.text;
  };
  const onWarning = ({ message, cause }: { message: string; cause?: unknown }) => {
    throw new Error(message, { cause });
  };
  // `createRuntime` would open the store itself.
  const asked = { store: "memory", cognition, onWarning, maxTurnsInFlight: 65_536 };
  const { catalogue: _, ...options } = parse(optionsSchema, asked, "options");
  const store = watched(await openMemoryStore({ clock }), work);
  const runtime = await PersonaRuntime.start({ ...options, store, clock, seed: 0 });
  for (let n = 0; n < personas; n += 1) {
    await runtime.enroll({ id: `p${n}`, name: `Persona ${n}`, settings: SETTINGS });
  }
  let closing = false;
  return {
    submit(persona, item) {
      runtime.send(`p${persona}`, `${item}`, FROM).then(
        // Of merged messages the reply is that to the last.
        (reply) => work.settled(Number(reply.text) >= item ? item : Number.NaN),
        (error: unknown) => {
          if (!closing) throw error;
        },
      );
    },
    get nativeBytes() {
      return runtime.fleet().nativeBytes;
    },
    close() {
      closing = true;
      return runtime.close({ graceMs: 0 });
    },
  };
};

/** Tells of each item when the committed feed brings it, just before it is armed. */
function watched(store: Store, work: Work): Store {
  const items = new Map<number, number>();
  const { append, feed } = store;
  return Object.assign(store, {
    append: (command) => {
      items.set(command.message.key, Number(command.message.text));
      return append.call(store, command);
    },
    feed: (sink) =>
      feed.call(store, (fed) => {
        for (const { message } of fed) {
          work.armed(items.get(message) ?? Number.NaN);
          items.delete(message);
        }
        sink(fed);
      }),
  } satisfies Partial<Store>);
}
