import type { TenantCatalogue } from "../catalogue/catalogue.ts";
import type { ResolveRequest } from "../catalogue/resolve.ts";
import type { ResolvedSession } from "../catalogue/resolved-session.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { ToolAnswer, ToolCall } from "../tool.ts";
import type { ApiKeys } from "./api-key.ts";
import type {
  Accepted,
  Answer,
  Message,
  PostOptions,
  Room,
  RoomInput,
  SendOptions,
  Session,
  SessionInput,
} from "./conversation.ts";
import type { EndedTurn, EventOptions, EventStream } from "./event.ts";
import type { DeadLetter, Explanation, ItemView } from "./explanation.ts";
import type { PersonaChanges, PersonaDefinition } from "./persona.ts";
import type { Spending, SpendingOptions } from "./spending.ts";
import type { Busiest, BusiestPage, EnrollmentStatus, FleetStatus, Readiness, TenantStatus, Why } from "./status.ts";

/**
 * Everything here happens in one tenant; what is another's is not found. `createRuntime` gives the tenant `default`.
 *
 * What fails as expected is a `PersonaError`. Beside the codes that a call names these are `invalid_input` (its `fields`
 * say what would be right), `runtime_closed`, `driver_failed` while there is no fleet, and `store_*`.
 */
export interface Runtime {
  /**
   * The same runtime in another tenant (a name as the id of a persona): its personas, conversations, idempotency keys,
   * events and numbers are its own. With an `owner` (`Sender.id` of a human, `user:7`) only the conversations of that
   * person are there: the sessions in which they talk and the rooms that are theirs, with all that belongs to them;
   * one speaks as that person only, with idempotency keys of one's own, and does not change who is enrolled
   * (`forbidden`). A view costs nothing and has no life of its own: `close`, `readiness`, `fleet`, `keys` and `observe` are
   * about the whole runtime.
   */
  tenant(name: string, options?: { readonly owner?: string }): Runtime;
  /**
   * Adds a persona to the fleet, or changes the one with this id; without a name one of the catalogue. Resolves when it is
   * stored. Throws `persona_draining`, `provider_unknown`, `price_unknown`, or `entry_damaged`; then nothing was written.
   */
  enroll(definition: PersonaDefinition): Promise<EnrollmentStatus>;
  /**
   * `drain` answers what waits first; `return` gives it back as declined (`unenrolled`). Resolves when the persona
   * is gone; rejects when the runtime ends before, and then the next start still has it. One of the catalogue comes back
   * with its next message: delete its entry to let it go for good. Throws `persona_not_found`.
   */
  unenroll(id: string, mode?: "drain" | "return"): Promise<void>;
  /**
   * Changes settings, and how a persona sleeps; keeps the rest and the inbox. Resolves when it is stored. Throws
   * `persona_not_found`, `price_unknown`, or `enrollment_damaged`.
   */
  configure(id: string, changes: PersonaChanges): Promise<EnrollmentStatus>;
  /** Sends a message to one persona; one of the catalogue joins the fleet with it. Refusals and outcomes arrive through the handle; nothing is thrown here. */
  send(persona: string, text: string, options: SendOptions): Answer;
  /**
   * The same for whoever does not wait for the answer: resolves when the message is stored, rejects when it is refused,
   * and then keeps nothing that waits for its outcome. Refusals are `persona_not_found`, `persona_draining`, `inbox_full`,
   * `session_not_found` (also where the persona takes no part in the conversation), `session_closed`,
   * `idempotency_conflict`, and what `openSession` throws where a first message opens one; nothing was stored then.
   */
  tell(persona: string, text: string, options: SendOptions): Promise<Accepted>;
  /** Resolves when it is stored; members of the catalogue join the fleet. Throws `persona_not_found`, `entry_damaged`. */
  createRoom(room: RoomInput): Promise<Room>;
  /** Throws `room_not_found`, also for a session. */
  room(id: string): Promise<Room>;
  /** The room as it is then; who is a member already stays one. Throws `room_not_found`, `persona_not_found`. */
  addMember(room: string, persona: string): Promise<Room>;
  /** The same for whoever leaves; what the persona was sent there before is still answered. */
  removeMember(room: string, persona: string): Promise<Room>;
  /**
   * Says something in a room: one item for each member persona. Members that refuse it are named in what it resolves to; a
   * refusal by all of them is thrown, as is `room_not_found`, and `idempotency_conflict`.
   */
  post(room: string, text: string, options: PostOptions): Promise<Accepted>;
  /** Personas, roles and sequences. A view with an `owner` does not change them (`forbidden`). */
  readonly catalogue: TenantCatalogue;
  /** What is observed and learned of persons, and what mappers make of it. */
  readonly mapping: Mapping;
  /** What a session would be resolved to now. Throws `persona_not_found` (role, sequence), `step_not_found`. */
  resolve(request: ResolveRequest): ResolvedSession;
  /**
   * Opens a session with a persona of the catalogue: what it is made of is resolved now, and stays so. Throws what
   * `resolve` throws, `persona_inline`, `provider_unknown`, or `price_unknown`.
   */
  openSession(session: SessionInput): Promise<Session>;
  /** Throws `session_not_found` for anything else, also for a room, and `session_damaged`. */
  session(id: string): Promise<Session>;
  /**
   * Leaves the step with this id for the next one. To leave it again changes nothing. Throws `step_not_found`,
   * `step_not_current`, `step_incomplete`, or `session_closed`.
   */
  advanceSession(id: string, options: { readonly step: string }): Promise<Session>;
  /**
   * Resolves again what was asked for when the session was opened. It stays in its step if the sequence still has that;
   * else the sequence begins anew, unless it has ended. Throws what `openSession` throws, or `session_closed`.
   */
  refreshSession(id: string): Promise<Session>;
  /** Takes nothing new in this session, and ends its sequence; what was sent before is answered. A second call changes nothing. */
  closeSession(id: string): Promise<Session>;
  /**
   * Messages of a room or session after the one with the id `after`, oldest first, at most `limit` (1..200, default 200).
   * Throws `session_not_found`.
   */
  messages(
    conversation: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly Message[]>;
  /** Takes the public id of a turn, a reply, an item, or a message that one turn answered. Throws `turn_not_found`. */
  explain(id: string): Promise<Explanation>;
  /** What became of an item. Throws `turn_not_found`. */
  item(id: string): Promise<ItemView>;
  /** Why a persona is not answering: which gate, since when, until when. Throws `persona_not_found`. */
  why(persona: string): Promise<Why>;
  /** Items that were given up, oldest first, at most `limit` (1..200, default 200). */
  deadLetters(page?: {
    readonly persona?: string;
    /** Public id of an item: only later ones. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly DeadLetter[]>;
  /** Gives a dead letter to its persona again, as a new item without expiry. Throws `dead_letter_not_found`, or a refusal. */
  replay(item: string): Promise<ItemView>;
  /** Lets a dead letter go; its outcome stays recorded. Throws `dead_letter_not_found`. */
  discard(item: string): Promise<void>;
  /** Who in the tenant spent what: the most expensive first. Calls under way are not in it. */
  spending(options: SpendingOptions): Promise<readonly Spending[]>;
  /** Tool calls that wait for a client, by id, which is oldest first; at most `limit` (1..200, default 200). */
  toolCalls(page?: {
    readonly persona?: string;
    readonly conversation?: string;
    /** Id of a call: only later ones. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly ToolCall[]>;
  /**
   * Answers one; the first answer counts. Throws `tool_call_not_found`, or `invalid_input` for what JSON cannot say in
   * 64 KiB: then the call still waits.
   */
  answerTool(call: string, answer: ToolAnswer): Promise<void>;
  /**
   * The tenant in numbers. Beside other tenants what waits and runs is asked of each of its busy personas: about a
   * microsecond each.
   */
  status(): TenantStatus;
  /** One persona in numbers. Throws `persona_not_found`. */
  status(persona: string): EnrollmentStatus;
  /** All tenants in numbers, for whoever operates the process. */
  fleet(): FleetStatus;
  /** Whether a persona with this id is enrolled. */
  has(persona: string): boolean;
  /** Enrolled personas, sorted by id: all, or `limit` of those after the id `after`. */
  personas(page?: { readonly after?: string; readonly limit?: number }): readonly EnrollmentStatus[];
  /** Who has most to do, most first: of those with something waiting or in a turn. */
  busiest(page?: BusiestPage): Busiest;
  /** What happens, from now on or after a rev; each call is a reader of its own, which ends with the runtime or its signal. */
  events(options?: EventOptions): EventStream;
  /** The newest rev: what happens from now on comes after it. Tenants share one count: it jumps over what is another's. */
  readonly rev: number;
  /** Whether messages can be taken and answered, with each reason why not. Never rejects, and takes 5 s at most. */
  readiness(): Promise<Readiness>;
  /** Of all tenants: each call names its own. */
  readonly keys: ApiKeys;
  /**
   * Calls `observer` with each turn, of all tenants, whose end is stored, until the returned function is called. It is called on the way
   * of every message: it must be quick. What it throws becomes a warning (`observer_failed`).
   */
  observe(observer: (turn: EndedTurn) => void): () => void;
  /** Takes nothing new, lets running turns finish for `graceMs` (default 10 000), then lets everything go. A second call waits for the first. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
