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
/**
 * The same where nothing was written for `IDLE_MS`: 4 MiB. Not less: when all of it was moved the next commit begins the
 * log anew, which takes it a flush of its own, and whoever writes now and then would pay that with each message.
 */
const IDLE_LOG_PAGES = 1024;
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
let overwrites: boolean | undefined;
let leastWhenIdle = IDLE_LOG_PAGES;
const idle = setTimeout(() => {
  checkpoint(leastWhenIdle);
  leastWhenIdle = IDLE_LOG_PAGES;
}, IDLE_MS).unref();

port.on("message", (request: WriterRequest) => {
  if (request === null) {
    clearTimeout(idle);
    database.close();
    port.close();
    return;
  }
  const { lastKey, group } = request;
  const isOfPersons = group.some(([name]) => name === "mapping");
  overwrite(isOfPersons);
  // What is replaced there is in the file until the log is moved.
  if (isOfPersons) leastWhenIdle = 1;
  const result = commit.run(lastKey, group);
  // Before anybody hears that a person is erased.
  if (group.some(([name, command]) => name === "mapping" && command === "erasePerson")) emptyLog();
  port.postMessage(result);
  checkpoint(FULL_LOG_PAGES);
  idle.refresh();
});

/** What is known of persons is not only taken out of the file where it is deleted or replaced, but overwritten there. */
function overwrite(wanted: boolean): void {
  if (wanted !== overwrites) database.pragma(`secure_delete = ${wanted ? "ON" : "OFF"}`);
  overwrites = wanted;
}

/** The log holds pages as they were before. */
function emptyLog(): void {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch {
    // Somebody reads at this moment: it is overwritten later.
  }
}

function checkpoint(atLeast: number): void {
  try {
    const { log, checkpointed } = logSize.get() ?? { log: 0, checkpointed: 0 };
    if (log - checkpointed >= atLeast) database.pragma("wal_checkpoint(PASSIVE)");
  } catch {
    // Nothing is lost: the log still holds every commit, the next group tries again, and a disk that
    // has really failed refuses that group with a code.
  }
}
