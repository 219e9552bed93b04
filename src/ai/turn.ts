import type { Usage } from "../facts.ts";
import type { CognitionTurn } from "../types.ts";

/** A turn, with what only some runtimes give it. */
export type Turn = CognitionTurn & {
  readonly tools?: readonly {
    readonly name: string;
    readonly description: string;
    readonly inputSchema: object;
    call(args: unknown): Promise<unknown>;
  }[];
  reserve?(call: {
    readonly model: string;
    readonly inputTokens: number;
    readonly maxOutputTokens: number;
  }): Promise<{ settle(usage: Usage | undefined): void }>;
};
