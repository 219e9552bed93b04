/**
 * What this process costs, under the usual names. The collectors that prom-client brings are not used:
 * one of them wakes the process a hundred times a second, for ever.
 */
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";
import { after, type Clock } from "../../clock.ts";

/** How often the event-loop delay is looked at while somebody asks for it. */
const RESOLUTION_MS = 20;
/** Nobody has asked for so long: the timer that measures the delay ends, and the process can be idle. */
const UNWATCHED_MS = 300_000;

export class ProcessMetrics {
  readonly #clock: Clock;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #cpu: Counter<"mode">;
  readonly #active: Counter;
  readonly #stepped: Counter;
  readonly #memory: Gauge<"kind">;
  readonly #resident: Gauge;
  readonly #delays: Gauge<"quantile">;
  #watching = false;
  #cancel: () => void = () => {};

  constructor(registry: Registry, clock: Clock) {
    const registers = [registry];
    this.#clock = clock;
    const started = new Gauge({
      name: "process_start_time_seconds",
      help: "When the process started, in seconds since 1970",
      registers,
    });
    started.set(performance.timeOrigin / 1000);
    this.#cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "CPU time of all threads",
      labelNames: ["mode"],
      registers,
    });
    this.#resident = new Gauge({ name: "process_resident_memory_bytes", help: "Resident memory", registers });
    this.#memory = new Gauge({
      name: "nodejs_memory_bytes",
      help: "Memory of JavaScript: the heap, what of it is used, and what is held outside of it",
      labelNames: ["kind"],
      registers,
    });
    this.#active = new Counter({
      name: "nodejs_eventloop_active_seconds_total",
      help: "How long the event loop was busy",
      registers,
    });
    this.#stepped = new Counter({
      name: "persona_clock_stepped_seconds_total",
      help: "By how much the clock was moved forward at once, since the machine slept or its clock was set",
      registers,
    });
    this.#delays = new Gauge({
      name: "nodejs_eventloop_delay_seconds",
      help: "How late timers rang since the last look; measured from the first look on, until nobody looks for five minutes",
      labelNames: ["quantile"],
      registers,
    });
  }

  show(): void {
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc({ mode: "user" }, user / 1e6);
    this.#cpu.inc({ mode: "system" }, system / 1e6);
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    this.#resident.set(rss);
    this.#memory.set({ kind: "heap_total" }, heapTotal);
    this.#memory.set({ kind: "heap_used" }, heapUsed);
    this.#memory.set({ kind: "external" }, external);
    this.#active.reset();
    this.#active.inc(performance.eventLoopUtilization().active / 1000);
    this.#stepped.reset();
    this.#stepped.inc((this.#clock.stepped ?? 0) / 1000);
    this.#showDelay();
  }

  close(): void {
    this.#cancel();
    this.#delay.disable();
  }

  #showDelay(): void {
    // Looked at again before the timer has rung, it says what it said before.
    if (this.#watching && this.#delay.count > 0) {
      // The histogram holds the whole interval between two rings.
      const late = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000);
      this.#delays.set({ quantile: "0.5" }, late(this.#delay.percentile(50)));
      this.#delays.set({ quantile: "0.99" }, late(this.#delay.percentile(99)));
      this.#delays.set({ quantile: "1" }, late(this.#delay.max));
      this.#delay.reset();
    }
    this.#delay.enable();
    this.#watching = true;
    this.#cancel();
    this.#cancel = after(this.#clock, UNWATCHED_MS, () => {
      this.#delay.disable();
      this.#delay.reset();
      this.#delays.reset();
      this.#watching = false;
    });
  }
}
