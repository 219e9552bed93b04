/** The public library: a runtime, and the words it is described with. */
import { randomInt } from "node:crypto";
import { createCatalogue } from "./catalogue/registry.ts";
import { tablePersister } from "./catalogue/table-persister.ts";
import { systemClock } from "./clock.ts";
import { PersonaError } from "./errors.ts";
import { parse } from "./faults.ts";
import { nodeTooOld } from "./node-version.ts";
import { Recorder } from "./record/recorder.ts";
import { PersonaRuntime } from "./runtime/runtime.ts";
import { optionsSchema } from "./runtime/settings.ts";
import { openStore } from "./store/open.ts";
import { loadTelemetry } from "./telemetry/load.ts";
import type { PersonaWarning, Runtime, RuntimeOptions } from "./types.ts";

export type * from "./catalogue/catalogue.ts";
export type * from "./catalogue/port.ts";
export type {
  EntryKind,
  EntryOf,
  PersonaEntry,
  PersonaInput,
  RoleEntry,
  RoleInput,
  SequenceEntry,
  SequenceInput,
  SequenceStep,
} from "./catalogue/schema.ts";
export { type Clock, ManualClock, systemClock } from "./clock.ts";
export { rehearsal } from "./cognition/rehearsal.ts";
export {
  ERRORS,
  type ErrorCode,
  type FieldFault,
  PersonaError,
  type PersonaErrorOptions,
  type Referrer,
} from "./errors.ts";
export { persister } from "./persister.ts";
export { type AssembledPrompt, assemble as assemblePrompt } from "./prompt/assemble.ts";
export type { PromptMessage, PromptPart } from "./prompt/part.ts";
export { type ReplayOptions, type ReplayReport, type ReplayTool, replay } from "./record/replay.ts";
export { openApiKeys } from "./runtime/api-keys.ts";
export type { HostDatabase } from "./store/host-table.ts";
export { estimateTokens } from "./tokens.ts";
export { defineTool } from "./tool.ts";
export type * from "./types.ts";

/**
 * Opens the store, takes up the enrollments and the undecided items in it, and starts the cycle.
 *
 * Throws a `PersonaError`: `node_too_old`, `invalid_input`, `addon_missing`, `package_missing`, or `store_*` when the
 * database cannot be opened. Close the runtime when it is no longer needed: it owns the store and a thread. It keeps the process alive for
 * turns, writes, retries and expiries, and for nothing else: a process in which everything waits for somebody ends.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const tooOld = nodeTooOld();
  if (tooOld !== undefined) throw new PersonaError("node_too_old", tooOld);
  const {
    store: name,
    clock = systemClock(),
    seed = randomInt(2 ** 47),
    telemetry,
    record,
    catalogue: { seeds, persister, defaults, ...ofCatalogue },
    ...others
  } = parse(optionsSchema, options, "options");
  const store = await openStore(name, { clock });
  const warn = (warning: PersonaWarning) => queueMicrotask(() => others.onWarning?.(warning));
  const recorder = record === undefined ? undefined : Recorder.open(record, { seed, at: clock.now() }, warn);
  try {
    const tracing = await loadTelemetry(telemetry);
    // Loaded only now: most hosts have no such file.
    const file = seeds && (await (await import("./catalogue/file.ts")).readCatalogueFile(seeds));
    const catalogue = await createCatalogue({
      clock,
      onWarning: warn,
      ...ofCatalogue,
      ...(file ? { seeds: file } : {}),
      persister: persister ?? tablePersister(store),
    });
    return await PersonaRuntime.start({ store, clock, seed, recorder, tracing, catalogue, defaults, ...others });
  } catch (error) {
    await recorder?.close();
    await store.close();
    throw error;
  }
}
