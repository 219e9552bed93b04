/** A model that embeds texts: its calls go through the gate of its provider, like those of turns. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import type { Embedder } from "../mapping/embedder.ts";
import { cancelled, failureOf } from "./failure.ts";
import type { Gate } from "./gate.ts";
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

/** Who embeds can wait, and asks again: where there is no room it rejects at once. Nothing is booked on anybody. */
export function embedderOf({ name, gate, model, redact, clock }: EmbeddingLine): Embedder {
  return {
    model: name,
    async embed(texts, signal) {
      const lease = gate.enter({});
      if (lease === undefined) {
        throw new PersonaError("provider_unavailable", `${name} cannot be asked at the moment (${gate.obstacle})`);
      }
      lease.start();
      try {
        const { embeddings } = await model.doEmbed({ values: [...texts], abortSignal: signal });
        lease.succeed();
        return embeddings;
      } catch (cause) {
        const { says, error, afterMs } = signal.aborted
          ? cancelled(signal.reason, name, true)
          : failureOf(cause, name, { redact, now: clock.now(), hasBegun: false });
        if (says === "failed") lease.fail();
        else if (says === "throttled") lease.throttle(afterMs);
        else lease.drop();
        throw says === "refused" ? new PersonaError("embedding_invalid", error.message, { cause: error }) : error;
      }
    },
  };
}
