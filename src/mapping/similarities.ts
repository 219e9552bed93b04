import { loadAddon } from "../addon.ts";
import { PersonaError } from "../errors.ts";

/**
 * The cosine of a query and each of several vectors, exactly: -1..1, 0 for a vector of zeros. Throws `invalid_input`
 * naming the first vector that is not as long as the query.
 */
export function similarities(query: Float32Array, vectors: readonly Float32Array[]): Float64Array {
  const wrong = vectors.findIndex(({ length }) => length !== query.length);
  if (wrong !== -1 || query.length === 0) {
    const field = wrong === -1 ? "query" : `vectors[${wrong}]`;
    const message = wrong === -1 ? "must not be empty" : `must have ${query.length} numbers, as the query has`;
    throw new PersonaError("invalid_input", `${field} ${message}`, { fields: [{ field, message }] });
  }
  const packed = new Float32Array(query.length * vectors.length);
  for (const [index, vector] of vectors.entries()) packed.set(vector, index * query.length);
  const scores = new Float64Array(vectors.length);
  loadAddon().cosines(query, packed, scores);
  return scores;
}
