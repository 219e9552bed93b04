/** The form that the answer to a turn must have, where somebody needs one. */
import type { CognitionTurn } from "../types.ts";

export interface Form {
  readonly name: string;
  /** A JSON Schema of an object: what the model says is one such object as JSON, if its protocol can demand it. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Most tokens of the answer. */
  readonly maxOutputTokens: number;
}

/** Beside the turns and not in them, since it is nothing that a host could ask for. */
const FORMS = new WeakMap<CognitionTurn, Form>();

export const demand = (turn: CognitionTurn, form: Form): unknown => FORMS.set(turn, form);

export const formOf = (turn: CognitionTurn): Form | undefined => FORMS.get(turn);
