/** A model that embeds texts: its calls go through the gate of its provider, like those of turns. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { Embedder } from "../mapping/embedder.ts";
import { estimateTokens } from "../tokens.ts";
import { cancelled, failureOf } from "./failure.ts";
import type { Gate, Lease } from "./gate.ts";
import type { EmbeddingModel } from "./options.ts";
import type { Redact } from "./redact.ts";

export interface EmbeddingLine {
  /** `provider:model` */
  readonly name: string;
  readonly gate: Gate;
  readonly model: EmbeddingModel;
  readonly redact: Redact;
  readonly clock: Clock;
}

/** Who embeds can wait, and asks again: where there is no room it rejects at once. */
export function embedderOf({ name, gate, model, redact, clock }: EmbeddingLine): Embedder {
  return {
    model: name,
    async embed(texts, signal, reserve = async () => ({ settle() {} })) {
      const lease = gate.enter({});
      if (lease === undefined) {
        throw new PersonaError("provider_unavailable", `${name} cannot be asked at the moment (${gate.obstacle})`);
      }
      const reservation = await reserved(lease, () =>
        reserve({ model: name, inputTokens: sizeOf(texts), maxOutputTokens: 0 }),
      );
      lease.start();
      try {
        const { embeddings, usage } = await model.doEmbed({ values: [...texts], abortSignal: signal });
        lease.succeed();
        reservation.settle(usage && { inputTokens: usage.tokens, outputTokens: 0 });
        return embeddings;
      } catch (cause) {
        const { says, error, status, afterMs } = signal.aborted
          ? cancelled(signal.reason, name, true)
          : failureOf(cause, name, { redact, now: clock.now(), hasBegun: false });
        if (says === "failed") lease.fail();
        else if (says === "throttled") lease.throttle(afterMs);
        else lease.drop();
        // Who answered with an error, or not at all, has used nothing.
        const isUnused = (status ?? 0) >= 400 || error.code === "provider_unavailable";
        reservation.settle(isUnused ? { inputTokens: 0, outputTokens: 0 } : undefined);
        throw says === "refused" ? new PersonaError("embedding_invalid", error.message, { cause: error }) : error;
      }
    },
  };
}

/** A call that must not be made takes no room. */
async function reserved<Result>(lease: Lease, reserve: () => Promise<Result>): Promise<Result> {
  try {
    return await reserve();
  } catch (error) {
    lease.drop();
    throw error;
  }
}

const sizeOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum + estimateTokens(text), 0);
