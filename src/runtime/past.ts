/** What was said in the conversation of a turn, beside what the turn is about: read once, when it is first asked for. */
import type { MessageRow, Store } from "../store/port.ts";
import type { LiveTurn } from "./live-turn.ts";

/** Earlier messages are counted up to here. */
const MOST_EARLIER = 1_000;

export class Past {
  readonly #store: Store;
  readonly #turn: LiveTurn;
  /** Those of the turn's items, in commit order. */
  readonly #messages: readonly MessageRow[];
  /** A key of this moment: what is said later is not history. */
  readonly #now: number;
  #history: Promise<readonly MessageRow[]> | undefined;
  #earlier: Promise<number> | undefined;

  constructor(store: Store, turn: LiveTurn, messages: readonly MessageRow[]) {
    this.#store = store;
    this.#turn = turn;
    this.#messages = messages;
    this.#now = store.allocate("message");
  }

  /** As much of the newest as the persona remembers, oldest first. */
  history(): Promise<readonly MessageRow[]> {
    this.#history ??= this.#read().catch((error: unknown) => {
      this.#history = undefined;
      throw error;
    });
    return this.#history;
  }

  /** How many messages there are before those of `history`. */
  earlier(): Promise<number> {
    this.#earlier ??= this.#count().catch((error: unknown) => {
      this.#earlier = undefined;
      throw error;
    });
    return this.#earlier;
  }

  /** Reads both for whoever asks for them later. What cannot be read now is read again then. */
  async readAhead(): Promise<void> {
    try {
      await this.earlier();
    } catch {
      // Whoever asks for it is told.
    }
  }

  async #read(): Promise<readonly MessageRow[]> {
    const { historyTokens } = this.#turn.persona.definition.settings;
    const mine = this.#messages.reduce((sum, { tokens }) => sum + tokens, 0);
    const rows = await this.#store.history(this.#turn.formed.conversation, this.#now, historyTokens + mine);
    return newest(
      rows.filter((row) => this.#isHistory(row)),
      historyTokens,
    );
  }

  async #count(): Promise<number> {
    const oldest = (await this.history())[0] ?? this.#messages.at(-1);
    const before = oldest?.key ?? 0;
    const own = this.#messages.filter(({ key }) => key < before).length;
    const count = await this.#store.countBefore(this.#turn.formed.conversation, before, MOST_EARLIER + own);
    return count - own;
  }

  /** What was said before the trigger, and what the persona itself has answered since; not what the turn is about. */
  #isHistory(row: MessageRow): boolean {
    if (this.#messages.some(({ key }) => key === row.key)) return false;
    const isOwn = row.sender.kind === "persona" && row.sender.id === this.#turn.persona.id;
    return isOwn || row.key < (this.#messages.at(-1)?.key ?? 0);
  }
}

/** As many of the newest as fit into `tokens` together, oldest first. */
function newest(rows: readonly MessageRow[], tokens: number): readonly MessageRow[] {
  let left = tokens;
  const start = rows.findLastIndex((row) => {
    left -= row.tokens;
    return left < 0;
  });
  return rows.slice(start + 1);
}
