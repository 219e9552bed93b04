/** What turns texts into vectors, so that what means the same is found in whatever words it is said. */
import { PersonaError } from "../errors.ts";
import type { CognitionTurn } from "../types.ts";

export interface Embedder {
  /** `provider:model`. Vectors of different models are not compared. */
  readonly model: string;
  /**
   * One vector for each text, in their order. Rejects with `embedding_invalid` if the texts are to blame.
   * @param reserve As that of a turn, for what it costs. Left out where nobody keeps accounts of it.
   */
  embed(
    texts: readonly string[],
    signal: AbortSignal,
    reserve?: CognitionTurn["reserve"],
  ): Promise<readonly (readonly number[])[]>;
}

/** The vectors of texts. Throws `embedding_invalid` for what could not be compared. */
export async function vectorsOf(embedder: Embedder, texts: readonly string[], ...how: Embedding) {
  const vectors = await embedder.embed(texts, ...how);
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    throw invalid(embedder, `gave ${Array.isArray(vectors) ? vectors.length : "no"} vectors for ${texts.length} texts`);
  }
  return vectors.map((vector) => {
    const floats = Float32Array.from(vector);
    if (floats.length === 0 || floats.length > MAX_DIMENSIONS) throw invalid(embedder, `gave ${floats.length} numbers`);
    if (!floats.every(Number.isFinite)) throw invalid(embedder, "gave something that is no finite number");
    return floats;
  });
}

type Embedding = readonly [signal: AbortSignal, reserve?: CognitionTurn["reserve"]];

const MAX_DIMENSIONS = 16_384;

function invalid({ model }: Embedder, what: string): PersonaError {
  return new PersonaError("embedding_invalid", `The model ${model} ${what}; name a model that embeds texts.`);
}
