import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { PersonaError } from "../../src/errors.ts";
import { createRuntime, ManualClock } from "../../src/index.ts";
import type { Store } from "../../src/store/port.ts";
import type { CognitionTurn, PersonaWarning, RuntimeOptions } from "../../src/types.ts";
import { temporaryFolder } from "../support/command-line.ts";
import { turns, until } from "../support/event-loop.ts";
import { instead } from "../support/instead.ts";
import { untilDecided } from "../support/until-decided.ts";
import { GUIDE, openGuided, TOUR } from "./catalogue-house.ts";
import { enroll, eventsOf, gated, openHouse, openOver, outcomeOf, pass } from "./harness.ts";

const from = "user:7";

const codeOf = (call: PromiseLike<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof PersonaError ? error.code : error),
  );

it("lets a persona join with its first message, once for all that come together, in their order", async () => {
  const { runtime, turns: asked } = await openGuided();
  const events = eventsOf(runtime);
  expect(runtime.has("guide")).toBe(false);
  const first = Array.from({ length: 20 }, (_, n) => runtime.send("guide", `${n}`, { from: `user:${n % 2}` }));
  await first[0]?.accepted;
  const late = Array.from({ length: 4 }, (_, n) => runtime.send("guide", `${20 + n}`, { from: "user:0" }));
  await Promise.all([...first, ...late]);
  const heard = asked.flatMap(({ context, trigger }) => [...context, trigger]);
  for (const user of ["user:0", "user:1"]) {
    const said = heard.filter((message) => message.from.id === user).map(({ text }) => Number(text));
    expect(said).toEqual(said.toSorted((a, b) => a - b));
  }
  await turns();
  expect(events.filter(({ type }) => type === "enrollment")).toHaveLength(1);
  expect(runtime.status("guide")).toMatchObject({
    source: "catalogue",
    name: "Guide",
    instructions: "",
    settings: { maxParallelTurns: 16, tools: [] },
  });
});

it("lets a persona join by a session, a room, or by its id alone", async () => {
  const { runtime } = await openGuided();
  for (const id of ["by-room", "added", "by-id"]) await runtime.catalogue.personas.create({ ...GUIDE, id });
  const room = await runtime.createRoom({ members: ["by-room"] });
  await runtime.addMember(room.id, "added");
  await runtime.enroll({ id: "by-id", settings: { maxParallelTurns: 3 } });
  await runtime.openSession({ persona: "guide", from });
  expect(runtime.personas().map(({ id, settings }) => [id, settings.maxParallelTurns])).toEqual([
    ["added", 16],
    ["by-id", 3],
    ["by-room", 16],
    ["guide", 16],
  ]);
  expect(await codeOf(runtime.createRoom({ members: ["nobody"] }))).toBe("persona_not_found");
  expect(await codeOf(runtime.send("nobody", "hi", { from }))).toBe("persona_not_found");
});

it("joins as it is being enrolled when the first message comes at that moment", async () => {
  const { runtime } = await openGuided();
  const enrolling = runtime.enroll({ id: "guide", settings: { maxQueued: 7 } });
  await runtime.send("guide", "hi", { from });
  await enrolling;
  expect(runtime.status("guide").settings.maxQueued).toBe(7);
});

it("keeps of an enrolled persona its settings only: what it is stays in the catalogue", async () => {
  let stored: Store | undefined;
  const { runtime } = await openOver((store: Store) => {
    stored = store;
    return store;
  });
  const said = "canary ".repeat(1_000);
  await runtime.catalogue.roles.create({ id: "host", display_name: "Host", system_prompt: said });
  const described = { display_name: "Guide", description: said, metadata: { said }, default_role: "host" };
  await runtime.catalogue.personas.create({ id: "guide", ...described });
  await runtime.enroll({ id: "guide", settings: { maxQueued: 7 } });
  const [row] = (await stored?.enrollments()) ?? [];
  expect(JSON.parse(row?.definition ?? "")).toEqual({
    source: "catalogue",
    settings: runtime.status("guide").settings,
    hasFunction: false,
  });
});

it("refuses a first message that the store does not take, and takes the next one", async () => {
  let fails = 1;
  const { runtime } = await openOver((store: Store) =>
    instead(store, {
      saveEnrollment: (row) => {
        fails -= 1;
        return fails >= 0 ? Promise.reject(new PersonaError("store_full", "No.")) : store.saveEnrollment(row);
      },
    }),
  );
  await runtime.catalogue.personas.create({ id: "guide", display_name: "Guide" });
  const both = [runtime.send("guide", "1", { from }), runtime.send("guide", "2", { from })];
  expect(await Promise.all(both.map(codeOf))).toEqual(["store_full", "store_full"]);
  expect(runtime.has("guide")).toBe(false);
  await turns();
  expect(await outcomeOf(runtime.send("guide", "3", { from }))).toBe("3");
});

it("is what the catalogue says at each turn, in rooms as well", async () => {
  const { runtime, turns: asked } = await openGuided();
  const room = await runtime.createRoom({ members: ["guide"], owner: from });
  await runtime.post(room.id, "@guide?", { from });
  await turns();
  await runtime.catalogue.personas.patch("guide", { display_name: "Leader" });
  await runtime.catalogue.roles.patch("host", { system_prompt: "You lead." });
  await runtime.post(room.id, "Leader: and now?", { from });
  await turns();
  expect(asked.map(({ persona, session }) => [persona.name, session?.system_prompt, session?.sequence_id])).toEqual([
    ["Guide", "You show guests around.", undefined],
    ["Leader", "You lead.", undefined],
  ]);
  expect(runtime.status("guide").name).toBe("Leader");
  expect((await runtime.messages(room.id)).filter(({ turn }) => turn !== undefined)).toMatchObject([
    { from: { id: "guide", name: "Guide" } },
    { from: { id: "guide", name: "Leader" } },
  ]);
});

it("answers what waits as it was when its entry is deleted, and is gone then", async () => {
  const { cognition, release } = gated();
  const asked: CognitionTurn[] = [];
  const { runtime } = await openHouse({
    cognition: (turn) => {
      asked.push(turn);
      return cognition(turn);
    },
  });
  await runtime.catalogue.personas.create({ id: "guide", display_name: "Guide" });
  const waiting = Array.from({ length: 3 }, (_, n) => runtime.send("guide", `${n}`, { from, mergeKey: `${n}` }));
  await waiting[2]?.accepted;
  const room = await runtime.createRoom({ members: ["guide"], owner: from });
  for (const text of ["@guide 1", "@guide 2"]) await runtime.post(room.id, text, { from, mergeKey: text });
  await runtime.catalogue.personas.delete("guide");
  expect(await codeOf(runtime.send("guide", "late", { from }))).toBe("persona_draining");
  for (let n = 0; n < 5; n += 1) {
    await turns();
    release();
  }
  expect(await Promise.all(waiting.map(outcomeOf))).toEqual(["0", "1", "2"]);
  await turns();
  // Of the session it is the snapshot, of the room the entry as it was.
  expect(asked.map(({ persona }) => persona.name)).toEqual(Array(5).fill("Guide"));
  await until(() => !runtime.has("guide"));
  expect(await codeOf(runtime.send("guide", "later", { from }))).toBe("persona_not_found");
  await runtime.catalogue.personas.create({ id: "guide", display_name: "Another" });
  // Whoever talked to it before goes on with what that was.
  const again = runtime.send("guide", "hello", { from: "user:8" });
  await turns();
  release();
  expect(await outcomeOf(again)).toBe("hello");
  expect(asked.at(-1)?.persona.name).toBe("Another");
});

it("gives back what nobody can answer when a persona is deleted whose entry is damaged", async () => {
  const file = join(temporaryFolder(), "damaged.db");
  const first = await openFile(file);
  await first.runtime.catalogue.personas.create({ id: "guide", display_name: "Guide" });
  await first.runtime.enroll({ id: "guide", settings: { paused: true } });
  const { items } = await first.runtime.send("guide", "hi", { from }).accepted;
  await first.runtime.configure("guide", { settings: { paused: false } });
  await first.runtime.close({ graceMs: 0 });
  const database = new Database(file);
  database.exec("UPDATE catalogue_entry SET body = '{'");
  database.close();

  const { runtime } = await openFile(file);
  await turns();
  expect(runtime.status("guide")).toMatchObject({ queued: 1, held: "persona_absent" });
  expect(await codeOf(runtime.openSession({ persona: "guide", from }))).toBe("entry_damaged");
  await runtime.catalogue.personas.delete("guide");
  await until(() => !runtime.has("guide"));
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "declined", reason: "unenrolled" });
  await runtime.close();
});

it("hears a room that it is a member of again, once it is back in the catalogue or was only unenrolled", async () => {
  const { runtime } = await openGuided();
  await enroll(runtime, "ada");
  await runtime.catalogue.personas.create({ id: "mira", display_name: "Mira", default_role: "host" });
  const room = await runtime.createRoom({ members: ["guide", "mira", "ada"] });
  await runtime.catalogue.personas.delete("guide");
  await runtime.unenroll("mira", "return");
  await runtime.unenroll("ada", "return");
  await until(() => runtime.personas().length === 0);
  const heardBy = async (text: string) =>
    (await runtime.post(room.id, text, { from })).items.map(({ persona }) => persona).sort();
  expect(await heardBy("1")).toEqual(["mira"]);
  await runtime.catalogue.personas.create(GUIDE);
  expect(await heardBy("2")).toEqual(["guide", "mira"]);
});

it("is hidden by a persona that is enrolled with a definition of its own", async () => {
  const { runtime, turns: asked } = await openGuided();
  await runtime.send("guide", "1", { from });
  await enroll(runtime, "guide", { name: "Mine", instructions: "Be mine." });
  await runtime.send("guide", "2", { from });
  await runtime.enroll({ id: "guide" });
  await runtime.send("guide", "3", { from });
  expect(asked.map(({ persona, session }) => [persona.name, persona.instructions, session?.step_id])).toEqual([
    ["Guide", "", "hello"],
    ["Mine", "Be mine.", undefined],
    ["Guide", "", "hello"],
  ]);
});

it("shows each tenant its own entries, and lets no owner change them", async () => {
  const { runtime } = await openGuided();
  const other = runtime.tenant("other");
  await other.catalogue.personas.create({ id: "guide", display_name: "Other" });
  await other.send("guide", "hi", { from });
  expect([runtime.has("guide"), other.status("guide").name]).toEqual([false, "Other"]);
  expect(other.catalogue.roles.find("host")).toBeUndefined();
  const owner = runtime.tenant("default", { owner: from });
  expect(owner.catalogue.personas.get("guide").display_name).toBe("Guide");
  expect(owner.catalogue.writable).toBe(false);
  const { personas, roles } = owner.catalogue;
  for (const write of [
    () => personas.create({ id: "mine", display_name: "Mine" }),
    () => personas.put("guide", { display_name: "Mine" }),
    () => personas.patch("guide", { display_name: "Mine" }),
    () => personas.delete("guide"),
    () => roles.reset("host"),
  ])
    expect(await codeOf(write())).toBe("forbidden");
  expect(runtime.catalogue.personas.get("guide").display_name).toBe("Guide");
});

it("has the default model of the server, and that of the role before its own", async () => {
  const models: (string | undefined)[] = [];
  const providers = {
    cognition(model: string | undefined) {
      if (model === "no:model") throw new PersonaError("provider_unknown", "No such provider.");
      return (turn: CognitionTurn) => {
        models.push(model);
        return `${turn.persona.model}`;
      };
    },
    status: () => [],
  };
  const { runtime, clock } = await openGuided({ providers, catalogue: { defaults: { model: "server:model" } } });
  const say = async (role: string) => {
    const { id } = await runtime.openSession({ persona: "guide", role, from });
    return outcomeOf(runtime.send("guide", "hi", { from, conversation: id }));
  };
  await runtime.catalogue.roles.create({ id: "own", display_name: "Own", system_prompt: "x", model: "role:model" });
  expect([await say("host"), await say("own")]).toEqual(["server:model", "role:model"]);
  await runtime.catalogue.personas.patch("guide", { model: "persona:model" });
  expect([await say("host"), await say("own")]).toEqual(["persona:model", "role:model"]);
  expect(models).toEqual(["server:model", "role:model", "persona:model", "role:model"]);

  const { id: open } = await runtime.openSession({ persona: "guide", role: "own", from });
  await runtime.catalogue.roles.patch("own", { model: "no:model" });
  expect(await codeOf(runtime.openSession({ persona: "guide", role: "own", from }))).toBe("provider_unknown");
  expect(await codeOf(runtime.refreshSession(open))).toBe("provider_unknown");
  expect((await runtime.session(open)).resolved?.model).toBe("role:model");
  await runtime.catalogue.personas.patch("guide", { default_role: "own" });
  expect(await codeOf(runtime.send("guide", "hi", { from: "user:8" }))).toBe("provider_unknown");

  // In a room nobody is asked before: what it is sent there is a dead letter at once, and it goes on elsewhere.
  const room = await runtime.createRoom({ members: ["guide"], owner: from });
  const { items } = await runtime.post(room.id, "hi", { from });
  await pass(clock, 10);
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "dead", reason: "provider_unknown" });
  expect(runtime.status("guide").breaker).toMatchObject({ state: "closed", failures: 0 });
});

/** A runtime over a file, with what it warned of. */
async function openFile(file: string, options: Partial<RuntimeOptions> = {}) {
  const warnings: PersonaWarning[] = [];
  const onWarning = (warning: PersonaWarning) => void warnings.push(warning);
  const clock = new ManualClock();
  const cognition = ({ session }: CognitionTurn) => session?.step_id ?? "no step";
  const runtime = await createRuntime({ store: file, clock, seed: 1, cognition, onWarning, ...options });
  return { runtime, clock, warnings };
}

it("holds what is sent to a persona whose entry is gone at the next start, and loses nothing", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "seeded.db");
  const seeds = join(folder, "seeds.toml");
  writeFileSync(seeds, '[[personas]]\nid = "guide"\ndisplay_name = "Guide"\n');
  const first = await openFile(file, { catalogue: { seeds } });
  await first.runtime.configure("guide", {}).catch(() => {});
  await first.runtime.enroll({ id: "guide", settings: { paused: true } });
  const waiting = await first.runtime.send("guide", "hi", { from }).accepted;
  await first.runtime.configure("guide", { settings: { paused: false } });
  await first.runtime.close({ graceMs: 0 });

  const without = await openFile(file);
  await turns();
  expect(without.warnings).toMatchObject([{ code: "persona_absent", message: expect.stringContaining("guide") }]);
  expect(without.runtime.status("guide")).toMatchObject({ name: "guide", queued: 1, held: "persona_absent" });
  expect(await without.runtime.why("guide")).toMatchObject({ source: "catalogue", held: { gate: "persona_absent" } });
  // Whoever writes it anew sets it free.
  await without.runtime.catalogue.personas.create({ id: "guide", display_name: "Anew" });
  await until(() => without.runtime.status("guide").queued === 0);
  await without.runtime.close();

  const again = await openFile(file, { catalogue: { seeds } });
  expect(again.runtime.catalogue.personas.get("guide")).toMatchObject({ display_name: "Anew", source: "store" });
  expect(await again.runtime.item(waiting.items[0]?.id ?? "")).toMatchObject({ state: "answered" });
  await again.runtime.close();
});

it.each([
  [
    "snapshot",
    "UPDATE session_snapshot SET snapshot = '{' WHERE conversation = (SELECT min(conversation) FROM session)",
  ],
  ["snapshot", "DELETE FROM session_snapshot WHERE conversation = (SELECT min(conversation) FROM session)"],
  [
    "snapshot",
    `UPDATE session_snapshot SET snapshot = replace(snapshot, '"steps"', '"stapes"')
    WHERE conversation = (SELECT min(conversation) FROM session)`,
  ],
  ["progress", "UPDATE session SET progress = '{}' WHERE conversation = (SELECT min(conversation) FROM session)"],
  [
    "progress",
    `UPDATE session SET progress = replace(progress, '"step_index":0', '"step_index":9')
    WHERE conversation = (SELECT min(conversation) FROM session)`,
  ],
])("refuses one session whose %s is damaged, and only that (%s)", async (_, sql) => {
  const file = join(temporaryFolder(), "sessions.db");
  const first = await openFile(file);
  await first.runtime.catalogue.sequences.create(TOUR);
  await first.runtime.catalogue.personas.create({ id: "guide", display_name: "Guide", default_sequence: "tour" });
  const damaged = await first.runtime.openSession({ persona: "guide", from });
  const whole = await first.runtime.openSession({ persona: "guide", from });
  await first.runtime.configure("guide", { settings: { paused: true } });
  const { items } = await first.runtime.send("guide", "before", { from, conversation: damaged.id }).accepted;
  await first.runtime.close({ graceMs: 0 });
  const database = new Database(file);
  database.exec(sql);
  database.close();

  const { runtime, clock, warnings } = await openFile(file);
  await runtime.configure("guide", { settings: { paused: false } });
  await untilDecided(runtime, clock);
  expect(await runtime.item(items[0]?.id ?? "")).toMatchObject({ state: "dead", reason: "session_damaged" });
  expect(await codeOf(runtime.session(damaged.id))).toBe("session_damaged");
  expect(await codeOf(runtime.send("guide", "hi", { from, conversation: damaged.id }))).toBe("session_damaged");
  expect(await codeOf(runtime.advanceSession(damaged.id, { step: "hello" }))).toBe("session_damaged");
  expect(await outcomeOf(runtime.send("guide", "hi", { from, conversation: whole.id }))).toBe("hello");
  expect(warnings.filter(({ code }) => code === "session_damaged")).toHaveLength(1);
  expect(await runtime.closeSession(damaged.id)).toMatchObject({ closedAt: clock.now(), resolved: undefined });
  expect(await runtime.closeSession(damaged.id)).toMatchObject({ closedAt: clock.now(), progress: undefined });
  await runtime.close();
});
