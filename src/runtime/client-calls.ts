/**
 * Tool calls that wait for a client. They live as long as their turns: an event says that one waits, whoever
 * connects later finds it in the list, and the first answer counts.
 */
import * as z from "zod";
import { checkJson } from "../cognition/tool-calls.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { quoteId } from "../ids.ts";
import type { ConversationRow } from "../store/port.ts";
import type { ToolAnswer, ToolCall } from "../tool.ts";
import type { RuntimeEvent } from "../types.ts";
import { covers, type Scope } from "./scope.ts";

interface Waiting {
  readonly call: ToolCall;
  readonly place: ConversationRow;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: PersonaError) => void;
}

export const toolAnswerSchema = z.union(
  [
    z.strictObject({ result: z.unknown() }),
    z.strictObject({ error: z.string().trim().min(1, "must not be blank").max(2_000) }),
  ],
  { error: "must be { result } with what the tool answers, or { error } with a text of 1 to 2000 characters" },
);

const PAGE_LIMIT = 200;

const pageSchema = z
  .strictObject({
    persona: z.string().optional(),
    conversation: z.string().optional(),
    after: z.string().optional(),
    limit: z.int().min(1).max(PAGE_LIMIT).default(PAGE_LIMIT),
  })
  .default({ limit: PAGE_LIMIT });

export class ClientCalls {
  readonly #waiting = new Map<string, Waiting>();
  readonly #publish: (event: RuntimeEvent, place: ConversationRow) => void;

  constructor(publish: (event: RuntimeEvent, place: ConversationRow) => void) {
    this.#publish = publish;
  }

  /** Resolves to what a client answers; a call whose signal aborts is forgotten. */
  ask(call: ToolCall, place: ConversationRow, signal: AbortSignal): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const forget = () => this.#forget(call.id, "cancelled");
    this.#waiting.set(call.id, {
      call,
      place,
      resolve: (result) => {
        signal.removeEventListener("abort", forget);
        resolve(result);
      },
      reject: (error) => {
        signal.removeEventListener("abort", forget);
        reject(error);
      },
    });
    signal.addEventListener("abort", forget, { once: true });
    this.#publish({ type: "tool_call", ...subjectOf(call), arguments: call.arguments }, place);
    return promise;
  }

  /** By id, which is oldest first. */
  list(scope: Scope, page: unknown): readonly ToolCall[] {
    const { persona, conversation, after = "", limit } = parse(pageSchema, page, "page");
    return [...this.#waiting.values()]
      .filter(({ place }) => covers(scope, place))
      .map(({ call }) => call)
      .filter((call) => persona === undefined || call.persona === persona)
      .filter((call) => conversation === undefined || call.conversation === conversation)
      .filter(({ id }) => id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  }

  /** Throws `tool_call_not_found`, or `invalid_input` for what is no answer: then the call still waits. */
  answer(scope: Scope, id: string, input: ToolAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || !covers(scope, waiting.place)) {
      throw new PersonaError("tool_call_not_found", `No tool call ${quoteId(id)} waits; its turn may be over`);
    }
    const answer = parse(toolAnswerSchema, input, "answer");
    if ("error" in answer) {
      this.#forget(id, "failed");
      waiting.reject(new PersonaError("tool_failed", `${waiting.call.name} failed: ${answer.error}`));
      return;
    }
    const result = checkJson(answer.result ?? null, (what) => {
      const fields = [{ field: "result", message: what }];
      return new PersonaError("invalid_input", `The answer is not valid. result: ${what}`, { fields });
    });
    this.#forget(id, "answered");
    waiting.resolve(result);
  }

  #forget(id: string, outcome: "answered" | "failed" | "cancelled"): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#publish({ type: "tool_call_ended", ...subjectOf(waiting.call), outcome }, waiting.place);
  }
}

const subjectOf = ({ id: call, turn, persona, conversation, name }: ToolCall) => ({
  call,
  turn,
  persona,
  conversation,
  name,
});
