/** What a model says in one call, kept so that it can be repeated to the model with the results of its tools. */
import type { ModelMessage, ModelPart } from "./options.ts";

type AssistantMessage = Extract<ModelMessage, { role: "assistant" }>;
type Block = Extract<AssistantMessage["content"][number], { type: "text" | "reasoning" }>;

/** A tool that the model wants to have called. */
export interface WantedCall {
  readonly id: string;
  readonly tool: string;
  /** Undefined: what it gave is no JSON. */
  readonly input: { readonly value: unknown } | undefined;
}

export class Spoken {
  readonly calls: WantedCall[] = [];
  readonly #content: AssistantMessage["content"] = [];
  /** Texts and thoughts that go on, by kind and id. */
  readonly #blocks = new Map<string, Block>();

  add(part: ModelPart): void {
    if (part.type === "text-start" || part.type === "text-delta" || part.type === "text-end")
      this.#extend("text", part);
    else if (part.type === "reasoning-start" || part.type === "reasoning-delta" || part.type === "reasoning-end")
      this.#extend("reasoning", part);
    else if (part.type === "tool-call") this.#call(part);
  }

  get message(): ModelMessage {
    const content = this.#content.filter((part) => !("text" in part) || part.text !== "" || part.providerOptions);
    return { role: "assistant", content };
  }

  #extend(type: Block["type"], part: Extract<ModelPart, { id: string }>): void {
    const name = `${type} ${part.id}`;
    const block: Block = this.#blocks.get(name) ?? { type, text: "" };
    if (!this.#blocks.has(name)) {
      this.#blocks.set(name, block);
      this.#content.push(block);
    }
    if ("delta" in part) block.text += part.delta;
    // What providers signed: without it some do not take their own thoughts and calls again.
    if (part.providerMetadata !== undefined) block.providerOptions = part.providerMetadata;
    if (part.type === "text-end" || part.type === "reasoning-end") this.#blocks.delete(name);
  }

  #call(part: Extract<ModelPart, { type: "tool-call" }>): void {
    const { toolCallId, toolName, providerExecuted, providerMetadata } = part;
    const input = inputOf(part.input);
    const value = typeof input?.value === "object" && input.value !== null ? input.value : {};
    this.#content.push({
      type: "tool-call",
      toolCallId,
      toolName,
      input: value,
      ...(providerExecuted !== undefined && { providerExecuted }),
      ...(providerMetadata !== undefined && { providerOptions: providerMetadata }),
    });
    if (providerExecuted !== true) this.calls.push({ id: toolCallId, tool: toolName, input });
  }
}

function inputOf(text: string): WantedCall["input"] {
  if (text.trim() === "") return { value: {} };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
