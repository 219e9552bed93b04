/** Reserves for one call, says so, and waits to be killed in the middle of it. Argument: the database. */
import { createRuntime } from "../../src/index.ts";

const [store = ""] = process.argv.slice(2);
const runtime = await createRuntime({
  store,
  budgets: { fleet: { tokens: 150 } },
  cognition: async (turn) => {
    await turn.reserve({ model: "acme:large", inputTokens: 60, maxOutputTokens: 40 });
    console.log("reserved");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return "never";
  },
});
await runtime.enroll({ id: "ada", name: "Ada", settings: { onUnknownOutcome: "drop" } });
void runtime.send("ada", "?", { from: "user:7" });
