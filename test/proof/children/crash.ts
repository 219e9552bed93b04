/**
 * `node crash.ts FILE POINT NOW`: accepts one message to `ada` and kills its own process at a point of the
 * message's way; prints the id of its item when it is accepted. Without a message (POINT is `poison`) it
 * answers what is there, and dies of every message that says "poison". With the policy `auto` it has a tool, and calls it.
 */
import { writeSync } from "node:fs";
import * as z from "zod";
import { ManualClock } from "../../../src/clock.ts";
import { toolsSchema } from "../../../src/cognition/toolbox.ts";
import { PersonaRuntime } from "../../../src/runtime/runtime.ts";
import { openStore } from "../../../src/store/open.ts";
import type { FedItem, Store } from "../../../src/store/port.ts";
import { instead } from "../../support/instead.ts";
import { untilDecided } from "../../support/until-decided.ts";

const [, , file = "", point = "", now = "", policy = "retry"] = process.argv;
const clock = new ManualClock(Number(now));
const store = await openStore(file, { clock });

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("SIGKILL did not work");
}

const at = (name: string) => void (point === name && die());

const deadly: Store = instead(store, {
  append(command) {
    at("admitted");
    return store.append(command);
  },
  feed: (sink) =>
    store.feed((items: readonly FedItem[]) => {
      if (items.length > 0) at("committed");
      sink(items);
    }),
  async begin(turn) {
    at("armed");
    await store.begin(turn);
    at("begun");
  },
  async settle(command) {
    at("answered");
    const settled = await store.settle(command);
    at("settled");
    return settled;
  },
});

const pay = { name: "pay", description: "Pays.", parameters: z.object({}), execute: () => at("paid") };
const runtime = await PersonaRuntime.start({
  store: deadly,
  clock,
  seed: 1,
  maxTurnsInFlight: 1_024,
  maxHops: 8,
  tools: toolsSchema.parse([pay]),
});
await runtime.enroll({
  id: "ada",
  name: "Ada",
  settings: { onUnknownOutcome: policy as "retry", tools: policy === "auto" ? ["pay"] : [] },
  cognition: async ({ text, context, tools }) => {
    for (const tool of tools) await tool.call({});
    at("thinking");
    if ([text, ...context.map((message) => message.text)].includes("poison")) die();
    return `re: ${text}`;
  },
});

if (point === "poison") {
  await untilDecided(runtime, clock);
} else {
  const answer = runtime.send("ada", "hello", { from: "user:7" });
  writeSync(1, `${(await answer.accepted).items[0]?.id}\n`);
  await answer;
  at("told");
}
await runtime.close();
