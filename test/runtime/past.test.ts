/** What was said before a turn: when it is read for models, and for functions. */
import { expect, it } from "vitest";
import { PersonaError } from "../../src/errors.ts";
import type { Store } from "../../src/store/port.ts";
import type { Cognition, Providers } from "../../src/types.ts";
import { turns } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { enroll, openOver } from "./harness.ts";

/** A runtime in which begin is written when the test says so; `order` is what happened. */
async function openHeld({
  cognition,
  history,
}: {
  cognition: Cognition;
  history?: (store: Store) => Store["history"];
}) {
  const order: string[] = [];
  const held: (() => void)[] = [];
  const noted: Cognition = (turn) => {
    order.push("asked");
    return cognition(turn);
  };
  const providers: Providers = { cognition: () => noted, status: () => [] };
  const { runtime } = await openOver(
    (store) => {
      const read = history?.(store) ?? store.history.bind(store);
      return instead(store, {
        begin: async (turn) => {
          order.push("begin");
          await new Promise<void>((resolve) => held.push(resolve));
          await store.begin(turn);
          order.push("begun");
        },
        history: (...asked) => {
          order.push("history");
          return read(...asked);
        },
      });
    },
    { providers },
  );
  return { runtime, order, noted, release: () => held.shift()?.() };
}

const recall: Cognition = async (turn) => {
  const history = await turn.history();
  return `${await turn.earlier()} earlier, then ${history.map(({ text }) => text).join("+")}`;
};

it("reads for a model while begin is written, and asks the model afterwards", async () => {
  const { runtime, order, release } = await openHeld({ cognition: recall });
  await enroll(runtime, "ada", { settings: { historyTokens: 10 } });
  const texts: string[] = [];
  for (const text of ["one", "two"]) {
    order.length = 0;
    const answer = runtime.send("ada", text, { from: "user:7" });
    await answer.accepted;
    await turns();
    expect(order).toEqual(["begin", "history"]);
    release();
    texts.push((await answer).text);
    expect(order).toEqual(["begin", "history", "begun", "asked"]);
  }
  expect(texts).toEqual(["0 earlier, then ", "0 earlier, then one+0 earlier, then "]);
});

it("reads for a function when that asks for it, and nothing before", async () => {
  const { runtime, order, noted, release } = await openHeld({ cognition: recall });
  await enroll(runtime, "ada", { cognition: noted });
  const answer = runtime.send("ada", "one", { from: "user:7" });
  await answer.accepted;
  await turns();
  release();
  await answer;
  expect(order).toEqual(["begin", "begun", "asked", "history"]);
});

it("reads again for a model what could not be read ahead", async () => {
  let failures = 0;
  const { runtime, order, release } = await openHeld({
    cognition: recall,
    history:
      (store) =>
      (...asked) => {
        failures += 1;
        return failures === 1
          ? Promise.reject(new PersonaError("store_unavailable", "Not at this moment"))
          : store.history(...asked);
      },
  });
  await enroll(runtime, "ada");
  const answer = runtime.send("ada", "one", { from: "user:7" });
  await answer.accepted;
  await turns();
  release();
  expect((await answer).text).toBe("0 earlier, then ");
  expect(order).toEqual(["begin", "history", "begun", "asked", "history"]);
});
