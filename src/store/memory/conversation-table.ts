import { PersonaError } from "../../errors.ts";
import type { ConversationRow } from "../port.ts";
import type { ChangeLog } from "./change-log.ts";
import { keyTaken } from "./key-taken.ts";

/** Conversations in memory, and the members of rooms. What writes gives the rev. */
export class ConversationTable {
  readonly #log: ChangeLog;
  readonly #rows = new Map<number, ConversationRow>();
  /** Open direct sessions by tenant, caller and persona. */
  readonly #directKeys = new Map<string, number>();
  readonly #members = new Map<number, Set<number>>();

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  find(key: number): ConversationRow | undefined {
    return this.#rows.get(key);
  }

  /** Throws `room_not_found`. */
  get(key: number): ConversationRow {
    const row = this.#rows.get(key);
    if (row === undefined) throw new PersonaError("room_not_found", "Create the room before changing its members.");
    return row;
  }

  /** The open direct session of this caller with this persona. */
  direct(tenant: string, caller: string, persona: number): ConversationRow | undefined {
    return this.#rows.get(this.#directKeys.get(directName({ tenant, caller, persona })) ?? 0);
  }

  /** Ascending. */
  members(key: number): readonly number[] {
    return [...(this.#members.get(key) ?? [])].sort((a, b) => a - b);
  }

  put(row: ConversationRow): number {
    if (this.#rows.has(row.key)) throw keyTaken();
    if (row.direct === 1) {
      if (this.#directKeys.has(directName(row))) throw keyTaken();
      this.#directKeys.set(directName(row), row.key);
    }
    this.#rows.set(row.key, row);
    return this.#log.stamp("conversation", row.tenant, row.key);
  }

  putRoom(row: ConversationRow, members: readonly number[]): number {
    const rev = this.put(row);
    this.#members.set(row.key, new Set(members));
    return rev;
  }

  addMember(key: number, persona: number): number {
    const { tenant } = this.get(key);
    const members = this.#members.get(key) ?? new Set();
    this.#members.set(key, members.add(persona));
    return this.#log.stamp("conversation", tenant, key);
  }

  removeMember(key: number, persona: number): number {
    const { tenant } = this.get(key);
    this.#members.get(key)?.delete(persona);
    return this.#log.stamp("conversation", tenant, key);
  }

  close(row: ConversationRow, at: number): number {
    this.#rows.set(row.key, { ...row, closedAt: at });
    if (row.direct === 1) this.#directKeys.delete(directName(row));
    return this.#log.stamp("conversation", row.tenant, row.key);
  }
}

/** Of the one open direct session of a caller with a persona. */
function directName({ tenant, caller, persona }: Pick<ConversationRow, "tenant" | "caller" | "persona">): string {
  return `${tenant}\0${caller}\0${persona}`;
}
