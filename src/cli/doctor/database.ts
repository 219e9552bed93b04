/** Whether the database can be opened, by whom it is, and whether it is whole. */
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { systemClock } from "../../clock.ts";
import { PersonaError } from "../../errors.ts";
import { timeOfKey } from "../../ids.ts";
import { knownVersion } from "../../store/database.ts";
import { claimOwnership } from "../../store/owner.ts";
import { isPostgresUrl } from "../../store/postgres/target.ts";
import { type DatabaseFindings, type Finding, failure, ok, warning } from "./finding.ts";
import { postgres } from "./postgres.ts";

/** Changes nothing in it. */
export async function database(store: string): Promise<DatabaseFindings> {
  if (store === "memory") {
    const advice = "Whatever was accepted is gone with the process; name a file or folder to keep it.";
    return { findings: [warning("database", "nothing is kept (memory)", advice)], newest: undefined };
  }
  if (isPostgresUrl(store)) return postgres(store);
  const file = resolve(store);
  const folder = await existing(dirname(file));
  const findings = [await writable(folder), await space(folder)];
  if (await missing(file))
    return { findings: [...findings, ok("database", `${file} will be made`)], newest: undefined };
  const opened = open(file);
  return { findings: [...findings, ...opened.findings, owner(file)], newest: opened.newest };
}

/** The nearest folder that is there: the others are made at the start. */
async function existing(folder: string): Promise<string> {
  return (await missing(folder)) && folder !== dirname(folder) ? existing(dirname(folder)) : folder;
}

const missing = (path: string) =>
  stat(path).then(
    () => false,
    () => true,
  );

async function writable(folder: string): Promise<Finding> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return ok("folder", `${folder} can be written`);
  } catch (error) {
    const found = `${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`;
    return failure("folder", found, "Give this user the right to write there, or name another folder with --data.");
  }
}

async function space(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free`;
  if (free < GIB / 10) return failure("disk", found, "Make room: without it nothing is accepted any more.");
  return free < GIB ? warning("disk", found, "Make room before it runs out.") : ok("disk", found);
}

const GIB = 2 ** 30;

function open(file: string): DatabaseFindings {
  const replace = "Restore it from a backup, or name another file with --store.";
  try {
    const connection = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const version = knownVersion(connection);
      const [first] = connection.pragma("quick_check(1)") as { readonly quick_check: string }[];
      if (first?.quick_check !== "ok")
        return {
          findings: [failure("database", `${file} is damaged: ${first?.quick_check}`, replace)],
          newest: undefined,
        };
      const key = version === 0 ? 0 : Number(connection.prepare("SELECT last_key FROM database").pluck().get());
      const newest = key === 0 ? undefined : timeOfKey(key);
      return { findings: [ok("database", `${file} is whole (version ${version})`)], newest };
    } finally {
      connection.close();
    }
  } catch (error) {
    // The driver's own words name what is wrong with the file, and nobody but who sits here reads them.
    return { findings: [failure("database", `${file}: ${(error as Error).message}`, replace)], newest: undefined };
  }
}

function owner(file: string): Finding {
  try {
    claimOwnership(file, systemClock())();
    return ok("owner", "no server has it open");
  } catch (error) {
    if (error instanceof PersonaError && error.code === "store_locked")
      return ok("owner", error.message.replace(/;.*/, ", which is fine if that is your server."));
    const advice = "Give this user the right to write beside the database.";
    return failure("owner", `${file}-owner cannot be written (${(error as Error).message})`, advice);
  }
}
