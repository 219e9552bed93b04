/** Turns as cognition sees them, without a runtime. */
import type { CognitionTurn, Sender, TurnMessage, TurnRoom } from "../../src/types.ts";

export interface Scene {
  readonly name?: string;
  readonly instructions?: string;
  readonly history?: readonly TurnMessage[];
  readonly context?: readonly TurnMessage[];
  readonly trigger: TurnMessage;
  readonly room?: TurnRoom;
  readonly earlier?: number;
}

export const user: Sender = { kind: "human", id: "user:7", name: "Bob" };

let messages = 0;
export function says(from: Sender, text: string): TurnMessage {
  messages += 1;
  return { id: `m${messages}`, from, text, at: messages, turn: undefined };
}

/** What a persona has answered in a turn. */
export const answers = (text: string, id = "ada", name = "Ada"): TurnMessage => ({
  ...says({ kind: "persona", id, name }, text),
  turn: "t1",
});

export function turnOf({ name = "Ada", instructions = "", history = [], context = [], trigger, ...more }: Scene) {
  const turn: Partial<CognitionTurn> = {
    persona: { id: "ada", name, instructions, model: undefined },
    context,
    trigger,
    text: trigger.text,
    history: async () => history,
    earlier: async () => more.earlier ?? 0,
    room: async () => more.room,
  };
  return turn as CognitionTurn;
}
