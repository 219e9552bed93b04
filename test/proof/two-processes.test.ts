import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { source } from "../support/script.ts";
import { audit } from "./audit.ts";

/** Opens the file, or says why it cannot; then stays until it is killed. */
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
async function open(file: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source(OPEN, file)], {
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

it("lets one process have a file, names it to the others, and lets the next have it after kill -9", async () => {
  const file = join(temporaryFolder(), "shared.db");
  for (let round = 0; round < 5; round += 1) {
    const owner = await open(file);
    const [, reply = ""] = /^opened (\S+)$/.exec(owner.said) ?? [];
    const others = await Promise.all([open(file), open(file)]);
    for (const { said } of others) expect(said).toMatch(new RegExp(`^store_locked Process ${owner.pid} `));
    await Promise.all([owner, ...others].map(({ kill }) => kill()));
    audit(file);
    const next = await createRuntime({ store: file });
    expect(await next.explain(reply)).toMatchObject({ outcome: "answered" });
    await next.close();
  }
  expect(audit(file)).toMatchObject({ answered: 5, undecided: 0 });
});

it("gives a file that many want at once to one of them", async () => {
  const file = join(temporaryFolder(), "wanted.db");
  const all = await Promise.all(Array.from({ length: 4 }, () => open(file)));
  const words = all.map(({ said }) => said.split(" ")[0]);
  expect(words.sort()).toEqual(["opened", "store_locked", "store_locked", "store_locked"]);
});
