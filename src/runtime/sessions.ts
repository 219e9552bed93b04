/**
 * What sessions follow: the snapshot of persona, role and sequence, and how far the sequence has come. All changes of a
 * session go through here, one after the other, each from the version that was read; what is in memory is a cache of the
 * store, and is read anew after a write that failed.
 */
import { type NotHonoured, notHonouredInText, notHonouredSteps, notHonouredTools } from "../catalogue/not-honoured.ts";
import { at, beyond, type ResolveRequest, resolve } from "../catalogue/resolve.ts";
import type { ResolveDefaults, ResolvedSession } from "../catalogue/resolved-session.ts";
import {
  advance as advanced,
  afterTurn,
  begin,
  close as ended,
  judged,
  type SequenceProgress,
  type StepChange,
} from "../catalogue/sequence.ts";
import type { Clock } from "../clock.ts";
import type { Toolbox } from "../cognition/toolbox.ts";
import { PersonaError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { ConversationRow, Sender, SessionChange, SessionOpening, Settle, Settled, Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import { FollowedCache } from "./followed-cache.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Mind, Minds } from "./minds.ts";
import { OneByOne } from "./one-by-one.ts";
import type { Persona } from "./persona.ts";
import type { Personas } from "./personas.ts";
import { entryOf, profileOf } from "./profile.ts";
import { type Asked, type Followed, progressText, snapshotText, stepRows } from "./session-rows.ts";

/** What a turn of a persona of the catalogue is told. */
export interface TurnSession {
  /** At the step in which the turn begins; undefined where there is a fault. */
  readonly resolved: ResolvedSession | undefined;
  /** Why it cannot be answered. */
  readonly fault: PersonaError | undefined;
  /** Who answers: the persona itself, unless its role has another model. Undefined where there is a fault. */
  readonly mind: Mind | undefined;
  /** Whether it counts for what a session follows. */
  readonly isFollowing: boolean;
}

/** What becomes of a session. */
interface Next extends Partial<Pick<Followed, "resolved">> {
  readonly progress: SequenceProgress | undefined;
  readonly changes: readonly StepChange[];
}

type ChangeTo = (next: Next) => SessionChange;
type Place = Pick<ConversationRow, "key" | "tenant">;

/** Nobody else writes; a version that moves so often is a defect. */
const MAX_ATTEMPTS = 5;

export class Sessions {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #minds: Minds;
  readonly #toolbox: Toolbox;
  readonly #defaults: ResolveDefaults;
  readonly #onChange: (rev: number) => void;
  readonly #onAnswered: (place: ConversationRow, followed: Followed) => void;
  readonly #followed: FollowedCache;
  /** Changes of one session follow each other. */
  readonly #changing = new OneByOne<number>();

  /** `onAnswered` hears of each answer that counts for a sequence. */
  constructor(options: {
    store: Store;
    clock: Clock;
    personas: Personas;
    conversations: Conversations;
    minds: Minds;
    toolbox: Toolbox;
    defaults: ResolveDefaults;
    onChange: (rev: number) => void;
    onAnswered: (place: ConversationRow, followed: Followed) => void;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#personas = options.personas;
    this.#conversations = options.conversations;
    this.#minds = options.minds;
    this.#toolbox = options.toolbox;
    this.#defaults = options.defaults;
    this.#onChange = options.onChange;
    this.#onAnswered = options.onAnswered;
    this.#followed = new FollowedCache(options.store, options.warn);
  }

  /** As a session would be resolved now. Throws `persona_not_found` (role, sequence), `step_not_found`. */
  resolve(tenant: string, request: ResolveRequest): ResolvedSession {
    return resolve(this.#personas.of(tenant).catalogue, request, this.#defaults);
  }

  /**
   * Opens a session beside the direct one. Throws what `resolve` throws, and `persona_inline`, `persona_draining`,
   * `provider_unknown`, `price_unknown`; then no session was written.
   */
  async open(tenant: string, id: string, asked: Asked, caller: Sender): Promise<ConversationRow> {
    // First, so that nobody joins the fleet for a session that there cannot be.
    const { persona_id } = this.#resolved(tenant, id.trim(), asked);
    const persona = await this.#personas.present(tenant, persona_id);
    if (persona.leaving !== undefined) {
      throw new PersonaError("persona_draining", `${persona_id} is being unenrolled and takes no further sessions`);
    }
    const resolved = this.#resolved(tenant, persona_id, asked);
    this.#assertAnswerable(persona, resolved);
    const row = this.#conversations.newSession(caller, persona.row, 0);
    const rev = await this.#store.openSession(row, this.#opening(row, asked, resolved));
    this.#conversations.keep(row);
    this.#onChange(rev);
    return row;
  }

  /**
   * What a message brings along into a session that follows nothing yet: what its persona is by default at this moment.
   * Throws as `open` does, and `session_damaged`.
   */
  beginning(
    persona: Persona,
    place: ConversationRow,
  ): SessionOpening | undefined | Promise<SessionOpening | undefined> {
    if (persona.definition.source !== "catalogue" || place.kind !== "session") return undefined;
    const opening = (followed: Followed | undefined) => {
      if (followed !== undefined) return undefined;
      const resolved = this.#resolved(place.tenant, persona.id, {});
      this.#assertAnswerable(persona, resolved);
      return this.#opening(place, {}, resolved);
    };
    const followed = this.#conversations.isStored(place) ? this.of(place.key) : undefined;
    return followed instanceof Promise ? followed.then(opening) : opening(followed);
  }

  /** What a session follows, by the key of its conversation; undefined if nothing. Throws `session_damaged`. */
  of(key: number): Followed | undefined | Promise<Followed | undefined> {
    return this.#followed.of(key);
  }

  /** What a turn in this conversation is told; undefined for a persona that is not of the catalogue. */
  forTurn(persona: Persona, conversation: number): TurnSession | undefined | Promise<TurnSession> {
    if (persona.definition.source !== "catalogue") return undefined;
    const told = (followed: Followed | undefined): TurnSession => {
      try {
        const resolved = followed === undefined ? this.#asItIs(persona) : nowOf(followed);
        const isFollowing = followed !== undefined;
        return { resolved, fault: undefined, mind: this.mindFor(persona, resolved), isFollowing };
      } catch (error) {
        return faulty(error);
      }
    };
    const followed = this.of(conversation);
    return followed instanceof Promise ? followed.then(told, faulty) : told(followed);
  }

  /** Who answers in such a session of this persona. Throws `provider_unknown`. */
  mindFor(persona: Persona, { model }: ResolvedSession): Mind {
    const isItsOwn = persona.definition.hasFunction || model === profileOf(persona).model;
    return isItsOwn ? persona : this.#minds.forModel(model);
  }

  /** What is resolved and does not reach who answers in this session. */
  notHonoured(row: ConversationRow, resolved: ResolvedSession): readonly NotHonoured[] {
    const persona = this.#personas.byKey(row.persona ?? 0);
    const steps = notHonouredSteps(resolved, persona?.definition.settings.tools ?? []);
    const by = this.#notHonouredBy(persona, resolved);
    const named = by.some(({ field }) => field === "tool_allowlist");
    const tools = named ? [] : notHonouredTools(resolved, (name) => this.#toolbox.has(name));
    return [...by, ...tools, ...steps];
  }

  #notHonouredBy(persona: Persona | undefined, resolved: ResolvedSession): readonly NotHonoured[] {
    try {
      const { cognition } =
        persona === undefined ? this.#minds.forModel(resolved.model) : this.mindFor(persona, resolved);
      return (cognition.notHonoured ?? notHonouredInText)(resolved);
    } catch {
      // Nobody answers for its model; what no text honours is not honoured then either.
      return notHonouredInText(resolved);
    }
  }

  /** Writes what became of a turn, and with an answer how far the session has come by it. */
  async settle(turn: LiveTurn, command: Settle): Promise<Settled> {
    const step = turn.session?.isFollowing ? turn.session.resolved?.step_id : undefined;
    if (step === undefined || command.turn?.outcome !== "answered") return this.#store.settle(command);
    // A call that failed has not done what the step is about.
    const tools = turn.tools?.ended.filter(({ outcome }) => outcome === "answered").map(({ name }) => name) ?? [];
    const { place } = turn;
    const settled = await this.#changing.run(place.key, () =>
      this.#write(place, turn.key, this.readable(place.key), (followed, changeTo) => {
        const { resolved, progress } = followed ?? {};
        const next = resolved && progress && afterTurn(resolved, progress, { step, tools });
        const counts = next !== undefined && next.progress !== progress;
        return this.#store.settle(counts ? { ...command, session: changeTo(next) } : command);
      }),
    );
    const followed = this.#followed.known(place.key);
    if (settled.status === "settled" && followed !== undefined) this.#onAnswered(place, followed);
    return settled;
  }

  /** Leaves a step; to leave it again changes nothing. Throws `step_not_found`, `step_not_current`, `step_incomplete`. */
  async advance(row: ConversationRow, step: string): Promise<void> {
    await this.#change(row, (followed) => {
      if (followed?.progress === undefined) {
        throw new PersonaError("step_not_found", "The session follows no sequence, so there is no step to leave");
      }
      return advanced(followed.resolved, followed.progress, { from: step });
    });
  }

  /** A judge has looked at the exit criteria of a step. Nothing happens to what was left or closed meanwhile. */
  async judged(row: ConversationRow, verdict: Parameters<typeof judged>[2]): Promise<void> {
    if (this.#conversations.isClosed(row)) return;
    await this.#change(row, (followed) => followed?.progress && judged(followed.resolved, followed.progress, verdict));
  }

  /**
   * What was asked for when the session was opened is resolved again. It stays in its step if the sequence still has it;
   * else the sequence, which may be another one, begins anew. One that has ended does not.
   */
  async refresh(row: ConversationRow): Promise<void> {
    const persona = await this.#personas.present(row.tenant, await this.#personas.idOf(row.persona ?? 0));
    await this.#change(row, (followed) => {
      const resolved = this.#resolved(row.tenant, persona.id, followed?.asked ?? {});
      this.#assertAnswerable(persona, resolved);
      // One that follows nothing yet is resolved with its next message.
      return followed && { ...carriedOver(followed, resolved), resolved };
    });
  }

  /** Ends it, and with it its sequence. What was accepted before is answered. A second call changes nothing. */
  async close(row: ConversationRow): Promise<void> {
    await this.#changing.run(row.key, async () => {
      if (this.#conversations.isClosed(row)) return;
      const at = this.#clock.now();
      const leave = this.#conversations.close(row, at);
      try {
        const closed = await this.#write(row, null, this.readable(row.key), (followed, changeTo) => {
          const next = followed?.progress && ended(followed.resolved, followed.progress);
          const counts = next !== undefined && next.progress !== followed?.progress;
          return this.#store.closeSession(row.key, at, counts ? changeTo(next) : undefined);
        });
        if (closed.status === "changed" && closed.rev !== undefined) this.#onChange(closed.rev);
      } catch (error) {
        leave();
        throw error;
      }
    });
  }

  /** Writes the next state of a session; `decide` gives undefined, or the same progress, where nothing changes. */
  async #change(row: ConversationRow, decide: (followed: Followed | undefined) => Next | undefined): Promise<void> {
    await this.#changing.run(row.key, async () => {
      this.#conversations.assertOpen(row);
      const changed = await this.#write(
        row,
        null,
        async () => this.of(row.key),
        async (followed, changeTo) => {
          const next = decide(followed);
          const isSame = next?.resolved === undefined && next?.progress === followed?.progress;
          if (next === undefined || isSame) return { status: "changed", rev: undefined } as const;
          return this.#store.changeSession(changeTo(next));
        },
      );
      if (changed.status === "changed" && changed.rev !== undefined) this.#onChange(changed.rev);
    });
  }

  /** Calls `write` until what it was given is not stale, and keeps what it has written. */
  async #write<Result extends { readonly status: string }>(
    { key, tenant }: Place,
    turn: number | null,
    read: () => Promise<Followed | undefined>,
    write: (followed: Followed | undefined, changeTo: ChangeTo) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const followed = await read();
      let written: Followed | undefined;
      let snapshot: string | undefined;
      const changeTo = (next: Next): SessionChange => {
        if (followed === undefined) throw new PersonaError("internal", "A session that follows nothing has changed");
        const at = this.#clock.now();
        written = followedAfter(followed, next);
        const progress = progressText(written.progress);
        snapshot = next.resolved && snapshotText(written);
        const steps = stepRows(next.changes, next.progress, { tenant, conversation: key, turn, at }, this.#store);
        const { version: expected } = followed;
        return { conversation: key, expected, ...(snapshot !== undefined && { snapshot }), progress, steps, at };
      };
      try {
        const result = await write(followed, changeTo);
        const isWritten = result.status === "settled" || result.status === "changed";
        if (isWritten && written !== undefined) this.#followed.keep(key, written, snapshot?.length);
        if (result.status !== "stale") return result;
      } catch (error) {
        // Whether it is in the store or not, the store knows.
        this.#followed.forget(key);
        throw error;
      }
      this.#followed.forget(key);
    }
    throw new PersonaError("internal", `The session ${this.#idOf(key)} is never as it was read`);
  }

  /** Reads what a session follows, as nothing where it is damaged: that must not keep it from ending. */
  readable(key: number): () => Promise<Followed | undefined> {
    return async () => {
      try {
        return await this.of(key);
      } catch (error) {
        if (error instanceof PersonaError && error.code === "session_damaged") return undefined;
        throw error;
      }
    };
  }

  #opening({ key, tenant }: Place, asked: Asked, resolved: ResolvedSession): SessionOpening {
    const begun = begin(resolved);
    const at = this.#clock.now();
    const snapshot = snapshotText({ asked, resolved });
    const progress = progressText(begun?.progress);
    const where = { tenant, conversation: key, turn: null, at };
    return {
      session: { conversation: key, snapshot, progress, version: 1, updatedAt: at },
      steps: stepRows(begun?.changes ?? [], begun?.progress, where, this.#store),
    };
  }

  /** Outside of what sessions follow, such as in a room: the persona and its default role, as they are at this moment. */
  #asItIs({ row, id }: Persona): ResolvedSession {
    return this.#resolved(row.tenant, id, { sequence_id: null });
  }

  /** A persona whose entry was deleted is what it was until it is gone. */
  #resolved(tenant: string, id: string, asked: Asked): ResolvedSession {
    const directory = this.#personas.of(tenant);
    const persona = directory.find(id);
    if (persona !== undefined && persona.definition.source !== "catalogue") throw inline(id);
    const { personas, roles, sequences } = directory.catalogue;
    const last = persona && entryOf(persona);
    const known = last === undefined ? personas : { get: () => last };
    return resolve({ personas: known, roles, sequences }, { persona_id: id, ...asked }, this.#defaults);
  }

  #assertAnswerable(persona: Persona, resolved: ResolvedSession): void {
    const mind = this.mindFor(persona, resolved);
    const { budget } = persona.definition.settings;
    this.#minds.assertPriced("There cannot be such a session", resolved.model, mind, budget);
  }

  #idOf(key: number): string {
    return encodeId("conversation", key, this.#store.salt);
  }
}

function followedAfter({ asked, resolved, version }: Followed, next: Next): Followed {
  const { progress, resolved: snapshot = resolved } = next;
  return { asked, resolved: at(snapshot, progress?.step_index ?? 0), progress, version: version + 1 };
}

/** Once its sequence is over a session goes on in no step. */
function nowOf({ resolved, progress }: Followed): ResolvedSession {
  return progress?.status === "completed" ? beyond(resolved) : resolved;
}

/** Where a session stands in what it is resolved to now. */
function carriedOver({ resolved: before, progress }: Followed, resolved: ResolvedSession): Next {
  const index = resolved.steps?.findIndex(({ id }) => id === before.step_id) ?? -1;
  const isSame = resolved.sequence_id === before.sequence_id;
  const step = resolved.steps?.[index];
  if (progress === undefined || !isSame || (step === undefined && progress.status === "running")) {
    const { progress: anew, changes = [] } = begin(resolved) ?? {};
    return { progress: anew, changes };
  }
  const tools = progress.tools.filter((name) => step?.require_tools.includes(name));
  return { progress: { ...progress, step_index: Math.max(0, index), tools }, changes: [] };
}

/** Only what the session itself is to blame for; a store that cannot be read now can be later. */
function faulty(error: unknown): TurnSession {
  if (error instanceof PersonaError && !error.code.startsWith("store_") && error.code !== "runtime_closed")
    return { resolved: undefined, fault: error, mind: undefined, isFollowing: false };
  throw error;
}

function inline(id: string): PersonaError {
  return new PersonaError(
    "persona_inline",
    `${id} was enrolled with a definition of its own; sessions are opened with personas of the catalogue`,
  );
}
