/** Whether a PostgreSQL database can be reached and used, and by whom it is. */
import { systemClock } from "../../clock.ts";
import { timeOfKey } from "../../ids.ts";
import { loadDriver } from "../../store/postgres/driver.ts";
import { postgresError } from "../../store/postgres/errors.ts";
import { Link } from "../../store/postgres/link.ts";
import { knownVersion, lockHolder, owner } from "../../store/postgres/schema.ts";
import { targetOf } from "../../store/postgres/target.ts";
import { type DatabaseFindings, failure, ok } from "./finding.ts";

/** So long the server may think about one question. */
const PATIENCE_MS = "5000";

/** Changes nothing in it. */
export async function postgres(url: string): Promise<DatabaseFindings> {
  try {
    const target = targetOf(url);
    const settings = { default_transaction_read_only: "on", statement_timeout: PATIENCE_MS };
    const link = await Link.open({
      driver: await loadDriver(),
      target,
      clock: systemClock(),
      settings,
      answerMs: 10_000,
    });
    try {
      return await look(link, target);
    } finally {
      await link.close();
    }
  } catch (error) {
    // The words of the error say what to do; the URL, which has the password, is in none of them.
    const advice = "Mend that, or name another database with --store: no server starts with it.";
    return { findings: [failure("database", postgresError(error).message, advice)], newest: undefined };
  }
}

async function look(link: Link, { schema, name }: ReturnType<typeof targetOf>): Promise<DatabaseFindings> {
  const version = await knownVersion(link, schema);
  if (!version) {
    const [rights] = await link.run<{ may: boolean }>(
      version === undefined
        ? "SELECT has_database_privilege(current_database(), 'CREATE') AS may"
        : `SELECT has_schema_privilege('${schema}', 'CREATE') AS may`,
    );
    const found = `${name} will be made`;
    if (rights?.may === true) return { findings: [ok("database", found)], newest: undefined };
    const advice = "Give the user the right to create it: GRANT CREATE ON DATABASE, or on the schema.";
    return { findings: [failure("database", `${found}, which the user may not`, advice)], newest: undefined };
  }
  const [row] = await link.run<{ last_key: string }>("SELECT last_key FROM database");
  const newest = Number(row?.last_key ?? 0);
  const holder = await lockHolder(link, schema);
  const last = await owner(link, schema);
  const owned =
    holder === undefined
      ? "no server has it open"
      : `process ${last?.pid} on ${last?.host} has it open, which is fine if that is your server`;
  return {
    findings: [ok("database", `${name} is there (version ${version})`), ok("owner", owned)],
    newest: newest === 0 ? undefined : timeOfKey(newest),
  };
}
