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
/** So long a commit waits for a writer outside of this process, and an erasure for a reader. */
const WRITER_MS = 5_000;
const READER_MS = 1_000;

const port = parentPort;
if (port === null) throw new Error("writer.ts runs in a worker thread only");
const data = workerData as WriterData;
const database = new Database(data.file, { fileMustExist: true, timeout: WRITER_MS });
database.pragma("synchronous = FULL");
database.pragma("foreign_keys = OFF");
// The log is moved below, after a group was answered; SQLite would do it before.
database.pragma("wal_autocheckpoint = 0");
const commit = new GroupCommit(database, data);
const logSize = database.prepare<[], { log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)");
let overwrites: boolean | undefined;
let leastWhenIdle = IDLE_LOG_PAGES;
/** The log still has pages of whoever was erased. */
let owesEmpty = false;
const idle = setTimeout(() => {
  checkpoint(leastWhenIdle);
  leastWhenIdle = IDLE_LOG_PAGES;
  if (owesEmpty) emptyLog(0);
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
  if (group.some(([name, command]) => name === "mapping" && command === "erasePerson")) emptyLog(READER_MS);
  port.postMessage(result);
  checkpoint(FULL_LOG_PAGES);
  idle.refresh();
});

/** What is known of persons is not only taken out of the file where it is deleted or replaced, but overwritten there. */
function overwrite(wanted: boolean): void {
  if (wanted !== overwrites) database.pragma(`secure_delete = ${wanted ? "ON" : "OFF"}`);
  overwrites = wanted;
}

/** The log holds pages as they were before. Where somebody reads them for longer, it is emptied when they have gone. */
function emptyLog(patienceMs: number): void {
  try {
    database.pragma(`busy_timeout = ${patienceMs}`);
    owesEmpty = database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) !== 0;
  } catch {
    // As below: a disk that fails refuses the next group.
    owesEmpty = true;
  } finally {
    database.pragma(`busy_timeout = ${WRITER_MS}`);
  }
  if (owesEmpty) idle.refresh();
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
