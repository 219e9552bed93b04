/** The tools that the host has registered. */
import * as z from "zod";
import { toolName } from "../inputs.ts";
import type { Tool } from "../tool.ts";

const MAX_TOOLS = 256;
const DEFAULT_TIMEOUT_MS = 30_000;

const toolSchema = z
  .strictObject({
    name: toolName,
    description: z.string().trim().min(1, "must not be blank").max(4_096),
    parameters: z.custom<z.core.$ZodType>((value) => value instanceof z.core.$ZodType, "must be a zod schema"),
    execute: z.custom<Tool["execute"]>((value) => typeof value === "function", "must be a function").optional(),
    timeoutMs: z.int().min(1).max(3_600_000).default(DEFAULT_TIMEOUT_MS),
  })
  .transform((tool, { issues }): RegisteredTool => {
    const inputSchema = describe(tool.parameters);
    if (inputSchema === undefined) {
      issues.push({ code: "custom", input: tool, path: ["parameters"], message: NO_SCHEMA });
      return z.NEVER;
    }
    return { ...tool, inputSchema };
  });

export const toolsSchema = z
  .array(toolSchema)
  .max(MAX_TOOLS)
  .check(({ value, issues }) => {
    value.forEach(({ name }, index) => {
      const first = value.findIndex((other) => other.name === name);
      if (first === index) return;
      issues.push({
        code: "custom",
        input: value,
        path: [index, "name"],
        message: `is the name of tools[${first}] too`,
      });
    });
  });

const NO_SCHEMA = "must be the schema of an object that JSON Schema can describe, such as z.object({ … })";

export interface RegisteredTool extends Omit<Tool, "execute"> {
  readonly execute?: Tool["execute"] | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

export class Toolbox {
  readonly #tools: ReadonlyMap<string, RegisteredTool>;

  constructor(tools: readonly RegisteredTool[]) {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
  }

  get size(): number {
    return this.#tools.size;
  }

  has(name: string): boolean {
    return this.#tools.has(name);
  }

  /** Those of an allow-list that are registered. */
  offered(names: readonly string[]): readonly RegisteredTool[] {
    return names.map((name) => this.#tools.get(name)).filter((tool) => tool !== undefined);
  }
}

/** Undefined if it is not the schema of an object, or says what JSON Schema cannot. */
function describe(parameters: z.core.$ZodType): Readonly<Record<string, unknown>> | undefined {
  try {
    const schema = z.toJSONSchema(parameters, { io: "input" });
    return schema["type"] === "object" ? schema : undefined;
  } catch {
    return undefined;
  }
}
