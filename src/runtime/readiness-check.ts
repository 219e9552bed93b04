/** Whether the runtime can take messages and answer them. */
import { type Clock, within } from "../clock.ts";
import type { Store } from "../store/port.ts";
import type { ProviderStatus, Providers, Readiness } from "../types.ts";
import type { Supply } from "./supply.ts";

/** A store that takes longer to say that it can be written is not there for whoever asks about health. */
const PROBE_MS = 5_000;

export class ReadinessCheck {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #supply: Supply;
  readonly #providers: Providers | undefined;
  readonly #isClosing: () => boolean;
  /** Under way: whoever asks meanwhile waits for the same. */
  #probing: Promise<void> | undefined;

  constructor(options: {
    store: Store;
    clock: Clock;
    supply: Supply;
    providers: Providers | undefined;
    isClosing: () => boolean;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#supply = options.supply;
    this.#providers = options.providers;
    this.#isClosing = options.isClosing;
  }

  async run(): Promise<Readiness> {
    const driver = this.#supply.error === undefined ? "ok" : "failed";
    const accepting = this.#isClosing() ? "closing" : "ok";
    const store = (await this.#canWrite()) ? "ok" : "failed";
    const providers = healthOf(this.#providers?.status() ?? []);
    const ready = driver === "ok" && store === "ok" && accepting === "ok" && providers !== "failed";
    return { ready, checks: { driver, store, accepting, providers } };
  }

  async #canWrite(): Promise<boolean> {
    let can = false;
    this.#probing ??= this.#store.probe().finally(() => {
      this.#probing = undefined;
    });
    const answered = this.#probing.then(
      () => {
        can = true;
      },
      () => {},
    );
    await within(this.#clock, PROBE_MS, answered);
    return can;
  }
}

/** Of all providers together. */
function healthOf(providers: readonly ProviderStatus[]): Readiness["checks"]["providers"] {
  const open = providers.filter(({ state }) => state === "open").length;
  if (open === 0) return "ok";
  return open === providers.length ? "failed" : "degraded";
}
