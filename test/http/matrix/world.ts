/** Two tenants and those who call them; what belongs to one of them has canaries in it that nobody else may see. */
import type { FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import * as z from "zod";
import type { TenantCatalogue } from "../../../src/catalogue/catalogue.ts";
import { ManualClock } from "../../../src/clock.ts";
import { toolsSchema } from "../../../src/cognition/toolbox.ts";
import { createApp } from "../../../src/http/app.ts";
import { encodeId, type IdKind, nextKey } from "../../../src/ids.ts";
import { PersonaRuntime } from "../../../src/runtime/runtime.ts";
import { openMemoryStore } from "../../../src/store/memory.ts";
import type { Role, Runtime } from "../../../src/types.ts";
import { pass } from "../../runtime/harness.ts";
import type { Ask } from "./entries.ts";
import { mapperDocument } from "./mappers.ts";

/** Intruders come first, and who may change the most comes last. The foreigner has the same user id as the owner. */
export const CALLERS = ["nobody", "other", "foreigner", "foreignAdmin", "owner", "service", "admin"] as const;
export type Caller = (typeof CALLERS)[number];
export const INTRUDERS: readonly Caller[] = ["nobody", "other", "foreigner", "foreignAdmin"];

/** The owner's, and another one. */
export const TENANTS = ["acme", "umbra"] as const;
const [HOME, ABROAD] = TENANTS;

const IDENTITIES: Readonly<Record<Exclude<Caller, "nobody">, { tenant: string; user: string; role: Role }>> = {
  owner: { tenant: HOME, user: "olive", role: "user" },
  other: { tenant: HOME, user: "otto", role: "user" },
  service: { tenant: HOME, user: "porter", role: "service" },
  admin: { tenant: HOME, user: "root", role: "admin" },
  foreigner: { tenant: ABROAD, user: "olive", role: "user" },
  foreignAdmin: { tenant: ABROAD, user: "root", role: "admin" },
};

/** What requests name: the owner's things, and those of their tenant. */
export interface Ids {
  readonly room: string;
  readonly message: string;
  readonly session: string;
  /** A session that goes through a sequence. */
  readonly guided: string;
  readonly reply: string;
  readonly turn: string;
  readonly item: string;
  readonly waiting: string;
  readonly dead: string;
  /** A persona of this tenant only. */
  readonly persona: string;
  /** Entries of the catalogue of this tenant only: a persona, which refers to the others. */
  readonly entry: string;
  readonly role: string;
  readonly sequence: string;
  /** A mapper of this tenant only, active. */
  readonly mapper: string;
  /** What the owner has observed, and what that mapper made of the owner and suggested. */
  readonly observation: string;
  readonly core: string;
  readonly suggestion: string;
  /** What the owner has told of herself. */
  readonly narrative: string;
  /** A tool call that waits for an answer. */
  readonly call: string;
  readonly key: string;
  readonly idempotencyKey: string;
}

export interface World {
  readonly app: FastifyInstance;
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  /** The tenant of the owner. */
  readonly home: Runtime;
  readonly ids: Ids;
  /** Of the same form, and nothing has them. */
  readonly nothing: Ids;
  /** A room of the caller's own. */
  readonly rooms: Readonly<Record<Exclude<Caller, "nobody">, string>>;
  headers(caller: Caller): Record<string, string>;
  /** What must not reach a caller. */
  secrets(caller: Caller): readonly string[];
  /** What nobody but the owner, services and admins may have changed. */
  state(): Promise<unknown>;
}

const SALT = 7;
const ASK = { name: "ask", description: "Asks the user.", parameters: z.object({ question: z.string() }) };
const OWNER = { kind: "human", id: "user:olive", name: "canary-olive" } as const;

/** What everybody in the tenant may know of. */
const OF_TENANT = ["persona", "entry", "role", "sequence", "mapper"] as const;

/** A world that is gone after the test; one that several tests share has to say when that is. */
export async function openWorld(whenFinished: (end: () => Promise<void>) => void = onTestFinished): Promise<World> {
  const clock = new ManualClock();
  const runtime = await PersonaRuntime.start({
    store: await openMemoryStore({ clock, salt: SALT }),
    clock,
    seed: 1,
    maxTurnsInFlight: 100,
    maxHops: 8,
    tools: toolsSchema.parse([ASK]),
    cognition(turn) {
      turn.stream("heard: ");
      turn.stream(turn.text);
      return { text: `heard: ${turn.text}`, usage: { inputTokens: 10, outputTokens: 5 } };
    },
  });
  const app = await createApp(runtime, {
    logger: false,
    clock,
    auth: { mode: "required" },
    limits: { requestsPerMinute: 1_000_000_000, maxEventLoopDelayMs: 60_000 },
  });
  whenFinished(async () => {
    await app.close();
    await runtime.close({ graceMs: 0 });
  });

  const keys = await keysFor(runtime);
  const [home, abroad] = [runtime.tenant(HOME), runtime.tenant(ABROAD)];
  await home.enroll({ id: "ada", name: "canary-ada", model: "canary-model:x", instructions: "canary-instructions" });
  await home.enroll({
    id: "canary-idle",
    name: "Idle",
    instructions: "canary-instructions",
    settings: { paused: true },
  });
  await home.enroll({
    id: "asker",
    name: "Asker",
    settings: { tools: ["ask"] },
    cognition: async ({ tools }) => `${await tools[0]?.call({ question: "canary-question" })}`,
  });
  await abroad.enroll({ id: "ada", name: "Ada" });
  await fillCatalogue(home.catalogue);
  await home.mapping.mappers.create(mapperDocument("canary-mapper"), { activate: true });
  for (const { catalogue } of [home, abroad]) await catalogue.personas.create({ id: "ida", display_name: "Ida" });
  const rooms = await roomsFor(runtime);
  const ids = await furnish(home, clock);
  const texts = [
    "canary-hello",
    "canary-room",
    "canary-talk",
    "canary-waiting",
    "canary-asked",
    "canary-question",
    "canary-late",
    "canary-olive",
    "canary-new",
    "canary-observed",
    "canary-mood",
    "canary-narrative",
  ];
  const hidden = [
    ...texts,
    "canary-instructions",
    "canary-key",
    ...Object.values(ids).filter((id) => !OF_TENANT.some((name) => id === ids[name])),
  ];
  const ofTenant = [...hidden, ...OF_TENANT.map((name) => ids[name]), "canary-ada", "canary-model", "canary-prompt"];
  return {
    ...{ app, runtime, clock, home, rooms },
    ids: { ...ids, key: keys.admin.id },
    nothing: nothingLike(clock),
    headers: (caller) => (caller === "nobody" ? {} : { authorization: `Bearer ${keys[caller].secret}` }),
    secrets: (caller) => [...(caller === "other" ? [...hidden, OWNER.id] : ofTenant), keys.admin.id],
    async state() {
      const { name, instructions, settings, sleep } = home.status(ids.persona);
      const valid = (await runtime.keys.list({ tenant: HOME })).map(({ id, revokedAt }) => ({ id, revokedAt }));
      return {
        room: await home.room(ids.room),
        messages: [await home.messages(ids.room), await home.messages(ids.session)],
        items: [await home.item(ids.waiting), await home.item(ids.dead)],
        letters: await home.deadLetters(),
        calls: await home.toolCalls(),
        persona: { name, instructions, settings, sleep },
        sessions: [await home.session(ids.session), await home.session(ids.guided)],
        keys: valid,
        mappers: await home.mapping.mappers.versions(ids.mapper),
        observations: await home.mapping.observations({ person: OWNER.id }),
        mindscape: await home.mapping.mindscape(OWNER.id),
        feedback: await home.mapping.feedbackAnalytics({ person: OWNER.id }),
        narratives: await home.mapping.narratives.list({ person: OWNER.id }),
        entries: [home.catalogue.personas.list(), home.catalogue.roles.list(), home.catalogue.sequences.list()],
      };
    },
  };
}

async function fillCatalogue({ personas, roles, sequences }: TenantCatalogue): Promise<void> {
  const said = { display_name: "canary-prompt" };
  await roles.create({ id: "canary-role", ...said, system_prompt: "canary-prompt" });
  await sequences.create({ id: "canary-sequence", ...said, steps: [{ id: "one", instruction: "canary-prompt" }] });
  const refers = { default_role: "canary-role", default_sequence: "canary-sequence" };
  await personas.create({ id: "canary-entry", ...said, ...refers });
}

/** Says something new, as the owner, where only the owner may hear it. */
export async function speakAsOwner({ home, ids }: World): Promise<void> {
  await home.send("ada", "canary-new", { from: OWNER, conversation: ids.session });
  await home.post(ids.room, "canary-new", { from: OWNER });
  await home.addMember(ids.room, ids.persona);
}

/** What the caller was told and should not have been; what it said itself is no news. */
export function leaks(world: World, caller: Caller, asked: Ask, text: string): readonly string[] {
  const said = JSON.stringify(asked);
  return world.secrets(caller).filter((secret) => text.includes(secret) && !said.includes(secret));
}

async function furnish(home: Runtime, clock: ManualClock): Promise<Ids> {
  const idempotencyKey = "canary-once";
  const owner = home.tenant(HOME, { owner: OWNER.id });
  const reply = await owner.send("ada", "canary-hello", { from: OWNER, idempotencyKey });
  const room = await owner.createRoom({ name: "canary-room", members: ["ada"] });
  const posted = await owner.post(room.id, "canary-talk", { from: OWNER });
  const waiting = await owner.send("canary-idle", "canary-waiting", { from: OWNER, lane: "task" }).accepted;
  const late = await owner.send("canary-idle", "canary-late", { from: OWNER, expiresInMs: 1 }).accepted;
  await owner.send("asker", "canary-asked", { from: OWNER }).accepted;
  const guided = await owner.openSession({ persona: "canary-entry", from: OWNER });
  const narrative = await owner.mapping.narratives.add({ text: "canary-narrative" });
  await pass(clock, 10);
  const said = { type: "diary", content: { text: "canary-observed" }, observed_at: clock.now() };
  await owner.mapping.curate({ traits: { mood: { value: "canary-mood" } } });
  await owner.mapping.observe({ id: "canary-observation", ...said });
  await pass(clock, 10);
  const mapped = await owner.mapping.mapPersona({ persona: "ida", mapper: "canary-mapper" });
  return {
    room: room.id,
    message: posted.message,
    session: reply.conversation,
    guided: guided.id,
    reply: reply.id,
    turn: reply.turn,
    item: reply.answers[0] ?? "",
    waiting: waiting.items[0]?.id ?? "",
    dead: late.items[0]?.id ?? "",
    persona: "canary-idle",
    entry: "canary-entry",
    role: "canary-role",
    sequence: "canary-sequence",
    mapper: "canary-mapper",
    observation: "canary-observation",
    core: mapped.core.id,
    suggestion: mapped.suggestions?.[0]?.id ?? "",
    narrative: narrative.id,
    call: (await home.toolCalls())[0]?.id ?? "",
    key: "",
    idempotencyKey,
  };
}

function nothingLike(clock: ManualClock): Ids {
  const id = (kind: IdKind) => encodeId(kind, nextKey(clock.now() + 3_600_000, 0), SALT);
  return {
    // Before the turn, whose id is a part of it.
    call: `${id("turn")}.01`,
    room: id("conversation"),
    message: id("message"),
    session: id("conversation"),
    guided: id("conversation"),
    reply: id("message"),
    turn: id("turn"),
    item: id("item"),
    waiting: id("item"),
    dead: id("item"),
    persona: "nobody-here",
    entry: "nobody-there",
    role: "nobody-role",
    sequence: "nobody-sequence",
    mapper: "nobody-mapper",
    observation: "never-observed",
    core: id("core"),
    suggestion: id("suggestion"),
    narrative: id("narrative"),
    key: id("api_key"),
    idempotencyKey: "never-used",
  };
}

async function keysFor(runtime: Runtime) {
  const made = Object.entries(IDENTITIES).map(
    async ([caller, identity]) =>
      [
        caller,
        await runtime.keys.create({
          ...identity,
          tier: "enterprise",
          name: identity.tenant === HOME ? "canary-key" : "key",
        }),
      ] as const,
  );
  const keys = Object.fromEntries(await Promise.all(made));
  return keys as Record<keyof typeof IDENTITIES, (typeof keys)[string]>;
}

async function roomsFor(runtime: Runtime): Promise<World["rooms"]> {
  const opened = Object.entries(IDENTITIES).map(
    async ([caller, { tenant, user }]) =>
      [caller, (await runtime.tenant(tenant).createRoom({ owner: `user:${user}`, members: ["ada"] })).id] as const,
  );
  return Object.fromEntries(await Promise.all(opened)) as Record<keyof typeof IDENTITIES, string>;
}
