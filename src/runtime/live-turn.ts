/** A turn while it runs: what is known of it so far, and the view of it that cognition gets. */
import { checkPart } from "../cognition/run.ts";
import { encodeId } from "../ids.ts";
import type { MessageRow, Store } from "../store/port.ts";
import type { CognitionTurn, TurnMessage, Usage } from "../types.ts";
import type { FormedTurn } from "./fleet.ts";
import type { Prepared } from "./intake.ts";
import type { Persona } from "./personas.ts";

export class LiveTurn {
  readonly key: number;
  readonly id: string;
  readonly conversation: string;
  readonly formed: FormedTurn;
  readonly persona: Persona;
  readonly cognitionKind: Persona["cognitionKind"];
  /** When begin was on the disk, and when cognition had answered. */
  begunAt = 0;
  answeredAt = 0;
  usage: Usage | undefined;
  /** The reply and its items, once they are prepared. */
  composed: Prepared | undefined;
  /** Once its outcome is decided, what cognition still says changes nothing. */
  over = false;
  readonly #onToken: (turn: LiveTurn, token: string) => void;
  readonly #spoken: string[] = [];
  #length = 0;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(store: Store, persona: Persona, formed: FormedTurn, onToken: (turn: LiveTurn, token: string) => void) {
    this.key = store.allocate("turn");
    this.id = encodeId("turn", this.key, store.salt);
    this.conversation = encodeId("conversation", formed.conversation, store.salt);
    this.formed = formed;
    this.persona = persona;
    this.cognitionKind = persona.cognitionKind;
    this.#onToken = onToken;
  }

  /** Everything that was streamed so far. */
  get spoken(): string {
    return this.#spoken.join("");
  }

  /** Made when it is asked for: most functions never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Throws `cognition_invalid` for what is not a text, or too long. */
  stream(token: string): void {
    if (this.over) return;
    checkPart(token, this.#length);
    if (token === "") return;
    this.#length += token.length;
    this.#spoken.push(token);
    this.#onToken(this, token);
  }

  /** Ends what cognition may still be doing. */
  abort(reason: Error): void {
    this.over = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** What cognition receives; `messages` are those of the turn's items in commit order, the trigger last. */
export function viewFor(turn: LiveTurn, messages: readonly MessageRow[], store: Store): CognitionTurn {
  const seen = (row: MessageRow): TurnMessage => ({
    id: encodeId("message", row.key, store.salt),
    from: row.sender,
    text: row.text,
    at: row.createdAt,
  });
  const [trigger, ...context] = messages.map(seen).reverse() as [TurnMessage, ...TurnMessage[]];
  const { name, instructions, model, settings } = turn.persona.definition;
  // A key of this moment: what is said later is not history.
  const now = store.allocate("message");
  return {
    id: turn.id,
    persona: { id: turn.persona.id, name, instructions, model },
    conversation: turn.conversation,
    text: trigger.text,
    trigger,
    context: context.reverse(),
    attempt: turn.formed.attempt,
    deadline: turn.formed.deadline,
    get signal() {
      return turn.signal;
    },
    async history() {
      const mine = messages.reduce((sum, { tokens }) => sum + tokens, 0);
      const rows = await store.history(turn.formed.conversation, now, settings.historyTokens + mine);
      return newest(
        rows.filter((row) => isHistory(row, turn, messages)),
        settings.historyTokens,
      ).map(seen);
    },
    stream: (token) => turn.stream(token),
  };
}

/** What was said before the trigger, and what the persona itself has answered since; not what the turn is about. */
function isHistory(row: MessageRow, turn: LiveTurn, messages: readonly MessageRow[]): boolean {
  if (messages.some(({ key }) => key === row.key)) return false;
  const isOwn = row.sender.kind === "persona" && row.sender.id === turn.persona.id;
  return isOwn || row.key < (messages.at(-1)?.key ?? 0);
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
