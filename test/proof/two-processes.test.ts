import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { source } from "../support/script.ts";
import { PLACES } from "./places.ts";

/** Opens the store, or says why it cannot; then stays until it is killed. */
const OPEN = `
  setInterval(() => {}, 1e6);
  try {
    const runtime = await createRuntime({ store });
    await runtime.enroll({ id: "ada", name: "Ada", cognition: ({ text }) => text });
    console.log("opened", (await runtime.send("ada", "held", { from: "user:7" })).id);
  } catch ({ code, message }) {
    console.log(code, message);
  }`;

/** Resolves when the process has said how it went. */
async function open(store: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source(OPEN, store)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
  onTestFinished(() => void child.kill("SIGKILL"));
  const [said] = await once(child.stdout.setEncoding("utf8"), "data");
  return { pid: child.pid, said: String(said).trim(), kill };
}

describe.each(PLACES)("in %s", (_place, placed) => {
  const { fresh, audit } = placed();

  it("lets one process have a store, names it to the others, and lets the next have it after kill -9", async () => {
    const store = fresh();
    for (let round = 0; round < 5; round += 1) {
      const owner = await open(store);
      const [, reply = ""] = /^opened (\S+)$/.exec(owner.said) ?? [];
      const others = await Promise.all([open(store), open(store)]);
      for (const { said } of others) expect(said).toMatch(new RegExp(`^store_locked Process ${owner.pid} `));
      await Promise.all([owner, ...others].map(({ kill }) => kill()));
      await audit(store);
      const next = await createRuntime({ store });
      expect(await next.explain(reply)).toMatchObject({ outcome: "answered" });
      await next.close();
    }
    expect(await audit(store)).toMatchObject({ answered: 5, undecided: 0 });
  });

  it("gives a store that many want at once to one of them", async () => {
    const store = fresh();
    const all = await Promise.all(Array.from({ length: 4 }, () => open(store)));
    const words = all.map(({ said }) => said.split(" ")[0]);
    expect(words.sort()).toEqual(["opened", "store_locked", "store_locked", "store_locked"]);
  });
});
