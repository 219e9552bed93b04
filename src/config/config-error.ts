/** What is wrong with a configuration. It loads nothing that reads one. */
import { PersonaError } from "../errors.ts";
import { type Origin, originText } from "./origin.ts";

export interface Fault {
  readonly origin: Origin;
  /** The key, as far as it is known. */
  readonly key: string;
  /** What is wrong, and what would be right; never a secret. */
  readonly message: string;
}

/** `config_invalid`, with every fault of every source. */
export class ConfigError extends PersonaError {
  /** Whether the command line alone is to blame. */
  readonly usage: boolean;

  constructor(faults: readonly Fault[]) {
    const lines = faults.toSorted(byPlace).map(lineOf);
    super("config_invalid", lines.length === 1 ? `${lines[0]}` : ["Several things are wrong:", ...lines].join("\n  "), {
      fields: faults.map(({ key, message }) => ({ field: key || "config", message })),
    });
    this.usage = faults.every(({ origin }) => origin.from === "flag");
  }
}

function byPlace({ origin: a }: Fault, { origin: b }: Fault): number {
  if (a.from !== "file" || b.from !== "file") return Number(a.from !== "file") - Number(b.from !== "file");
  return a.line - b.line || a.column - b.column;
}

function lineOf({ origin, key, message }: Fault): string {
  const where = originText(origin);
  return key === "" ? `${where}: ${message}` : `${where}: ${key} ${message}`;
}
