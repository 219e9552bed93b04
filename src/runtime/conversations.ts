/** Rooms and sessions, with the recently used ones at hand. */
import type { Clock } from "../clock.ts";
import type { Payer } from "../cognition/budgets/budgets.ts";
import { PersonaError } from "../errors.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import type { ConversationRow, EnrollmentRow, Sender, Store } from "../store/port.ts";
import type { Persona } from "./persona.ts";
import { covers, type Scope } from "./scope.ts";

const MAX_CACHED = 100_000;

export class Conversations {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #rows = new Map<number, ConversationRow>();
  /** Direct sessions that only exist in memory yet; weak, since one whose first message was refused may never be stored. */
  readonly #unstored = new WeakSet<ConversationRow>();
  /** Direct sessions by caller and persona: the row, or the look-up in progress. */
  readonly #direct = new Map<string, ConversationRow | Promise<ConversationRow>>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * The direct session of this sender with this persona; a new one is only in memory and must be
   * opened by the append that first uses it.
   */
  direct(sender: Sender, persona: Persona): ConversationRow | Promise<ConversationRow> {
    const name = directName(persona.row.key, callerOf(sender));
    const known = this.#direct.get(name);
    if (known !== undefined) return known;
    const found = this.#findDirect(sender, persona.row).then(
      (row) => {
        remember(this.#rows, row.key, row);
        // Not yet: who finds the row at hand must not overtake those who still await it.
        setImmediate(() => {
          if (this.#direct.get(name) !== found) return;
          if (this.isClosed(row)) this.#direct.delete(name);
          else remember(this.#direct, name, row);
        });
        return row;
      },
      (error: unknown) => {
        this.#direct.delete(name);
        throw error;
      },
    );
    this.#direct.set(name, found);
    return found;
  }

  async #findDirect(sender: Sender, persona: EnrollmentRow): Promise<ConversationRow> {
    const stored = await this.#store.directSession(persona.tenant, callerOf(sender), persona.key);
    if (stored !== undefined) return this.#rows.get(stored.key) ?? stored;
    const row = this.newSession(sender, persona, 1);
    this.#unstored.add(row);
    return row;
  }

  /** A session that is only in memory yet. */
  newSession(sender: Sender, { tenant, key: persona }: EnrollmentRow, direct: 0 | 1): ConversationRow {
    return {
      key: this.#store.allocate("conversation"),
      tenant,
      kind: "session",
      name: null,
      owner: sender.kind === "human" ? sender.id : null,
      caller: callerOf(sender),
      persona,
      direct,
      createdAt: this.#clock.now(),
      closedAt: null,
    };
  }

  /** The same, to be opened by the append that first uses it. */
  sessionToOpen(sender: Sender, persona: EnrollmentRow): ConversationRow {
    const row = this.newSession(sender, persona, 0);
    this.#unstored.add(row);
    return row;
  }

  isStored(row: ConversationRow): boolean {
    return !this.#unstored.has(row);
  }

  opened(row: ConversationRow): void {
    this.#unstored.delete(row);
  }

  /** A session that is stored by now. */
  keep(row: ConversationRow): void {
    remember(this.#rows, row.key, row);
  }

  /** Whether it is closed, or being closed. */
  isClosed(row: ConversationRow): boolean {
    return (this.#rows.get(row.key) ?? row).closedAt !== null;
  }

  /** Throws `session_closed`. */
  assertOpen(row: ConversationRow): void {
    if (!this.isClosed(row)) return;
    const id = encodeId("conversation", row.key, this.#store.salt);
    throw new PersonaError("session_closed", `The session ${id} is closed; open another one`);
  }

  /** From now on it takes no messages. Gives what takes that back, if it could not be written. */
  close(row: ConversationRow, closedAt: number): () => void {
    const name = directName(row.persona ?? 0, row.caller ?? "");
    remember(this.#rows, row.key, { ...row, closedAt });
    if (row.direct === 1) this.#direct.delete(name);
    return () => remember(this.#rows, row.key, row);
  }

  /** By public id; throws `room_not_found` or `session_not_found`, whichever was asked for, also for what the scope leaves out. */
  async named(scope: Scope, id: string, kind: "room" | "session" | "any"): Promise<ConversationRow> {
    const decoded = decodeId(id, this.#store.salt);
    const row = decoded?.kind === "conversation" ? await this.byKey(decoded.key) : undefined;
    if (row !== undefined && covers(scope, row) && (kind === "any" || row.kind === kind)) return row;
    const code = kind === "room" ? "room_not_found" : "session_not_found";
    throw new PersonaError(code, `There is no ${kind === "any" ? "session or room" : kind} with the id ${quoteId(id)}`);
  }

  /** A conversation in which this persona can be spoken to: its own session, or a room it is a member of. */
  async with(scope: Scope, persona: Persona, id: string): Promise<ConversationRow> {
    const row = await this.named(scope, id, "any");
    const members = await this.memberKeys(row);
    if (members.includes(persona.row.key)) return row;
    throw new PersonaError("session_not_found", `${persona.id} takes no part in the conversation ${id}`);
  }

  /** Keys of the personas that take part. */
  async memberKeys(row: ConversationRow): Promise<readonly number[]> {
    return row.persona === null ? this.#store.members(row.key) : [row.persona];
  }

  byKey(key: number): ConversationRow | Promise<ConversationRow | undefined> {
    return this.#rows.get(key) ?? this.#read(key);
  }

  async #read(key: number): Promise<ConversationRow | undefined> {
    const row = await this.#store.conversation(key);
    if (row !== undefined) remember(this.#rows, key, row);
    return row;
  }

  async createRoom(
    room: Pick<ConversationRow, "tenant" | "name" | "owner">,
    members: readonly number[],
  ): Promise<{ row: ConversationRow; rev: number }> {
    const createdAt = this.#clock.now();
    const row: ConversationRow = {
      key: this.#store.allocate("conversation"),
      ...room,
      kind: "room",
      caller: null,
      persona: null,
      direct: 0,
      createdAt,
      closedAt: null,
    };
    const rev = await this.#store.createRoom(row, members);
    remember(this.#rows, row.key, row);
    return { row, rev };
  }
}

/** Who talks in a session, as it is stored. */
const callerOf = ({ kind, id }: Sender): string => `${kind}/${id}`;

const directName = (persona: number, caller: string): string => `${persona} ${caller}`;

/** `Sender.id` of the one who talks in a session; the stored caller has the sender's kind before it. */
export function callerId(session: ConversationRow): string {
  return (session.caller ?? "").replace(/^[^/]*\//, "");
}

/** Keeps the newest; what falls out is read from the store again. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.set(key, value);
  if (map.size <= MAX_CACHED) return;
  // Many at once: to find the oldest, the map walks over all that were deleted before it.
  let surplus = MAX_CACHED / 10;
  for (const oldest of map.keys()) {
    if (surplus === 0) break;
    surplus -= 1;
    map.delete(oldest);
  }
}

/** Who pays for what a persona does there: a conversation is paid for by its owner, or by who talks in the session. */
export function payerFor({ row, id, definition }: Persona, conversation: ConversationRow): Payer {
  const { budget } = definition.settings;
  const owner = conversation.owner ?? (conversation.kind === "session" ? callerId(conversation) : null);
  return { tenant: row.tenant, persona: { key: row.key, id, budget }, owner };
}
