/** What a persona said in a turn, as it is stored with the settlement. */
import type { MessageRow } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import type { Conversations } from "./conversations.ts";
import { type Intake, OF_A_REPLY, type Prepared } from "./intake.ts";
import type { LiveTurn } from "./live-turn.ts";
import type { Personas } from "./personas.ts";
import { profileOf } from "./profile.ts";
import type { Rooms } from "./rooms.ts";

export class Replies {
  readonly #personas: Personas;
  readonly #conversations: Conversations;
  readonly #rooms: Rooms;
  readonly #intake: Intake;
  readonly #maxHops: number;
  readonly #warn: (warning: PersonaWarning) => void;

  /** `maxHops`: the longest chain of replies in a room; the last of them reaches no persona any more. */
  constructor(options: {
    personas: Personas;
    conversations: Conversations;
    rooms: Rooms;
    intake: Intake;
    maxHops: number;
    warn: (warning: PersonaWarning) => void;
  }) {
    this.#personas = options.personas;
    this.#conversations = options.conversations;
    this.#rooms = options.rooms;
    this.#intake = options.intake;
    this.#maxHops = options.maxHops;
    this.#warn = options.warn;
  }

  /** A reply is a message; in a room it is also an item for each other member. */
  async compose(turn: LiveTurn, trigger: MessageRow, text: string): Promise<Prepared> {
    const { persona, place: conversation } = turn;
    const hop = trigger.hop + 1;
    const members =
      conversation.kind === "room" && hop < this.#maxHops ? await this.#conversations.memberKeys(conversation) : [];
    const others = members.filter((key) => key !== persona.row.key);
    const listeners = await this.#personas.presentOf(conversation.tenant, others).catch((cause: unknown) => {
      // What it said is said all the same, to those who are there.
      this.#warn({ code: "join_failed", message: "A member of a room could not join the fleet again", cause });
      return others.map((key) => this.#personas.byKey(key)).filter((listener) => listener !== undefined);
    });
    const sender = { kind: "persona", id: persona.id, name: profileOf(persona).name } as const;
    await this.#rooms.ready(conversation);
    const prepared = this.#intake.prepare(
      { conversation, sender, text, replyTo: trigger.key, hop, turn: turn.key },
      listeners,
      OF_A_REPLY,
    );
    // Nobody waits for this refusal; the reply is in the room all the same.
    for (const { persona: listener, code } of prepared.refused)
      this.#warn({ code, message: `${listener} did not take up what ${persona.id} said in a room` });
    return prepared;
  }
}
