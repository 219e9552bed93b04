/** The thread that reads one large text of YAML, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { readYaml } from "./yaml-reader.ts";

/** What it is told at its start. */
export interface YamlTask {
  readonly text: string;
  readonly maxBytes: number;
}

// A text can have a fault in every line, and nobody reads where the parser noticed.
Error.stackTraceLimit = 0;
const { text, maxBytes } = workerData as YamlTask;
parentPort?.postMessage(readYaml(text, maxBytes));
