import type { CognitionTurn } from "../types.ts";

/** A turn, with what only some runtimes give it. */
export type Turn = CognitionTurn & {
  readonly tools?: readonly {
    readonly name: string;
    readonly description: string;
    readonly inputSchema: object;
    call(args: unknown): Promise<unknown>;
  }[];
};
