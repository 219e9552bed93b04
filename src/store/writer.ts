/**
 * The writer thread: owns the only connection that writes. It takes groups of commands, answers each
 * after its commit, and moves the write-ahead log into the file when nobody waits for it.
 */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { type Call, GroupCommit } from "./group-commit.ts";

export interface WriterData {
  readonly file: string;
  readonly epoch: number;
  /** Revs of the change log that are kept. */
  readonly keepChanges: number;
}

/** A group; or nothing, to close. */
export type WriterRequest = { readonly lastKey: number; readonly group: readonly Call[] } | null;

/** Pages in the log from which on it is moved after a group even if more groups follow: 16 MiB. */
const FULL_LOG_PAGES = 4096;
/** So long nothing was written when the log is moved anyway. */
const IDLE_MS = 250;

const port = parentPort;
if (port === null) throw new Error("writer.ts runs in a worker thread only");
const data = workerData as WriterData;
const database = new Database(data.file, { fileMustExist: true });
database.pragma("synchronous = FULL");
database.pragma("foreign_keys = OFF");
// The log is moved below, after a group was answered; SQLite would do it before.
database.pragma("wal_autocheckpoint = 0");
const commit = new GroupCommit(database, data);
const logSize = database.prepare<[], { log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)");
const idle = setTimeout(() => checkpoint(1), IDLE_MS).unref();

port.on("message", (request: WriterRequest) => {
  if (request === null) {
    clearTimeout(idle);
    database.close();
    port.close();
    return;
  }
  port.postMessage(commit.run(request.lastKey, request.group));
  checkpoint(FULL_LOG_PAGES);
  idle.refresh();
});

function checkpoint(atLeast: number): void {
  try {
    const { log, checkpointed } = logSize.get() ?? { log: 0, checkpointed: 0 };
    if (log - checkpointed >= atLeast) database.pragma("wal_checkpoint(PASSIVE)");
  } catch {
    // Nothing is lost: the log still holds every commit, the next group tries again, and a disk that
    // has really failed refuses that group with a code.
  }
}
