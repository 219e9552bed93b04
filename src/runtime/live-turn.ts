/** A turn while it runs: what is known of it so far, and the view of it that cognition gets. */
import { offeredTools } from "../catalogue/tools.ts";
import type { Clock } from "../clock.ts";
import type { Budgets } from "../cognition/budgets/budgets.ts";
import { Purse } from "../cognition/budgets/purse.ts";
import { Facts } from "../cognition/facts.ts";
import { checkPart } from "../cognition/run.ts";
import { ToolCalls } from "../cognition/tool-calls.ts";
import type { Toolbox } from "../cognition/toolbox.ts";
import { encodeId } from "../ids.ts";
import type { Tape } from "../record/tape.ts";
import type { ConversationRow, MessageRow, SpendingRow, Store } from "../store/port.ts";
import type {
  CognitionFacts,
  CognitionTurn,
  ToolCall,
  TurnMessage,
  TurnRoom,
  TurnSuggestions,
  Usage,
} from "../types.ts";
import { payerFor } from "./conversations.ts";
import type { Prepared } from "./intake.ts";
import type { FormedTurn } from "./packed.ts";
import { Past } from "./past.ts";
import type { Persona } from "./persona.ts";
import { profileOf } from "./profile.ts";
import type { TurnSession } from "./sessions.ts";
import type { TurnTrace } from "./tracing.ts";
import { turnMessage } from "./views.ts";

export class LiveTurn {
  readonly key: number;
  readonly id: string;
  readonly conversation: string;
  readonly formed: FormedTurn;
  readonly persona: Persona;
  /** Undefined for a persona that is not of the catalogue. */
  readonly session: TurnSession | undefined;
  /** `provider:model` that it was to be answered by; undefined for the default. */
  readonly model: string | undefined;
  readonly cognitionKind: Persona["cognitionKind"];
  /** The row of its conversation; there from before cognition is asked. */
  place!: ConversationRow;
  /** What is read of its conversation while begin is written; otherwise it is read when cognition asks for it. */
  past: Past | undefined;
  /** When begin was on the disk, and when cognition had answered. */
  begunAt = 0;
  answeredAt = 0;
  /** When its prompt was noted, and when the first part of the reply was heard. */
  promptAt = 0;
  firstTokenAt = 0;
  readonly facts = new Facts();
  /** Made when tools are asked for. */
  tools: ToolCalls | undefined;
  usage: Usage | undefined;
  trace: TurnTrace | undefined;
  /** Where it is recorded, if it is. */
  tape: Tape | undefined;
  /** The reply and its items, once they are prepared. */
  composed: Prepared | undefined;
  /** Once its outcome is decided, what cognition still says changes nothing. */
  over = false;
  readonly clock: Clock;
  readonly #budgets: Budgets;
  #purse: Purse | undefined;
  readonly #onToken: (turn: LiveTurn, token: string) => void;
  readonly #spoken: string[] = [];
  #length = 0;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(options: {
    store: Store;
    clock: Clock;
    budgets: Budgets;
    persona: Persona;
    formed: FormedTurn;
    session: TurnSession | undefined;
    cognitionKind: Persona["cognitionKind"];
    onToken: (turn: LiveTurn, token: string) => void;
  }) {
    const { store, formed, persona, session } = options;
    this.key = store.allocate("turn");
    this.id = encodeId("turn", this.key, store.salt);
    this.conversation = encodeId("conversation", formed.conversation, store.salt);
    this.formed = formed;
    this.persona = persona;
    this.session = session;
    this.model = session?.resolved === undefined ? profileOf(persona).model : session.resolved.model;
    this.cognitionKind = options.cognitionKind;
    this.clock = options.clock;
    this.#budgets = options.budgets;
    this.#onToken = options.onToken;
  }

  /** Made when something is paid: most functions cost nothing. */
  get purse(): Purse {
    this.#purse ??= new Purse({
      budgets: this.#budgets,
      turn: this.key,
      id: this.id,
      payer: payerFor(this.persona, this.place),
      isOver: () => this.over,
    });
    return this.#purse;
  }

  /** What its calls to models were booked at, if there were any; nothing can be reserved any more. */
  closePurse(): { readonly rows: readonly SpendingRow[]; readonly usd: number | undefined } | undefined {
    const rows = this.#purse?.close() ?? [];
    return rows.length === 0 ? undefined : { rows, usd: this.#purse?.usd };
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
    if (this.#length === 0) this.firstTokenAt = this.clock.now();
    this.#length += token.length;
    this.#spoken.push(token);
    this.#onToken(this, token);
  }

  /** Throws `cognition_invalid` for what is no fact. */
  note(facts: CognitionFacts): void {
    // Also what it learns by being aborted, until that is written.
    if (this.facts.note(facts).prompt !== undefined) this.promptAt = this.clock.now();
  }

  /** Cognition has answered, or will not: what it has called is over too. */
  close(): void {
    this.answeredAt = this.clock.now();
    this.tools?.end(this.#reason);
  }

  /** Ends what cognition may still be doing. */
  abort(reason: Error): void {
    this.over = true;
    this.#reason = reason;
    this.tools?.end(reason);
    this.#controller?.abort(reason);
    // With what cognition noted on hearing it.
    this.tape?.end(reason, this.facts.noted, true);
  }
}

/** What a turn's view is read from. */
export interface TurnSources {
  readonly store: Store;
  /** The room that a conversation is; undefined for a session. */
  room(place: ConversationRow): Promise<TurnRoom | undefined>;
  readonly toolbox: Toolbox;
  /** What the persona's mapper suggests about a person; undefined where it has none. */
  suggestions(turn: LiveTurn, person: string): (() => Promise<TurnSuggestions>) | undefined;
  /** Has a client answer a tool call of a turn in this conversation. */
  askClient(call: ToolCall, place: ConversationRow, signal: AbortSignal): Promise<unknown>;
}

/** What cognition receives; `messages` are those of the turn's items in commit order, the trigger last. */
export function viewFor(turn: LiveTurn, messages: readonly MessageRow[], sources: TurnSources): CognitionTurn {
  const { store } = sources;
  const seen = (row: MessageRow) => turnMessage(row, store.salt);
  const [trigger, ...context] = messages.map(seen).reverse() as [TurnMessage, ...TurnMessage[]];
  const { settings } = turn.persona.definition;
  const { name, instructions } = profileOf(turn.persona);
  const session = turn.session?.resolved;
  const toolNames = session === undefined ? settings.tools : offeredTools(session, settings.tools);
  const past = turn.past ?? new Past(store, turn, messages);
  // Whoever speaks, or for whom somebody else does.
  const person = trigger.from.kind === "human" ? trigger.from.id : turn.place.owner;
  const suggestions = person === null ? undefined : sources.suggestions(turn, person);
  return {
    id: turn.id,
    persona: { id: turn.persona.id, name: session?.display_name ?? name, instructions, model: turn.model },
    ...(session === undefined ? {} : { session }),
    conversation: turn.conversation,
    text: trigger.text,
    trigger,
    context: context.reverse(),
    attempt: turn.formed.attempt,
    deadline: turn.formed.deadline,
    get tools() {
      if (toolNames.length === 0) return [];
      const subject = { turn: turn.id, persona: turn.persona.id, conversation: turn.conversation };
      turn.tools ??= new ToolCalls(subject, turn.clock, (call, signal) => sources.askClient(call, turn.place, signal));
      return turn.tools.offer(sources.toolbox.offered(toolNames));
    },
    get signal() {
      return turn.signal;
    },
    async history() {
      return (await past.history()).map(seen);
    },
    earlier: () => past.earlier(),
    room: () => sources.room(turn.place),
    ...(suggestions === undefined ? {} : { suggestions }),
    stream: (token) => turn.stream(token),
    note: (facts) => turn.note(facts),
    reserve: (call) => turn.purse.reserve(call),
  };
}
