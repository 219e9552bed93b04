/** `persona-runtime keys`: API keys, of a running server or in the database of one that is stopped. */
import type * as z from "zod";
import type { keyPageSchema, keySchema, newKeySchema } from "../http/wire/key.ts";
import { inWireNames } from "../http/wire/names.ts";
import type { ApiKeyOptions, ApiKeys, Role } from "../types.ts";
import { Client } from "./client.ts";
import { type ConfigOptions, configurationOf } from "./config-options.ts";
import { storeOf } from "./store-of.ts";
import { printable, table } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export interface KeysOptions extends ConfigOptions {
  /** Of the server; without it the keys in the database are meant. */
  readonly url?: string;
  readonly key?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

export interface NewKeyOptions extends KeysOptions {
  readonly user: string;
  readonly role?: Role;
  readonly tier?: string;
  readonly name?: string;
  readonly expires?: string;
}

type Key = z.output<typeof keySchema>;
type NewKey = z.output<typeof newKeySchema>;
type KeyPage = z.output<typeof keyPageSchema>;

/** The secret alone goes to stdout, so that a script can take it. */
export async function createCommand({
  user,
  role,
  tier,
  name = user,
  expires,
  ...options
}: NewKeyOptions): Promise<void> {
  const expiresAt = expires === undefined ? undefined : momentOf(expires);
  const given = { user, name, ...(role && { role }), ...(tier && { tier }) };
  const key = await withKeys<NewKey>(options, {
    server: (client) =>
      client.call("POST", "/v1/keys", {
        body: { ...given, ...(expiresAt !== undefined && { expires_at: expiresAt }) },
      }),
    file: async (keys, tenant) => {
      const { secret, ...made } = await keys.create({
        ...given,
        ...tenant,
        ...(expiresAt !== undefined && { expiresAt }),
      });
      return { ...inWireNames(made), secret };
    },
  });
  if (options.json === true) return void console.log(JSON.stringify(key));
  console.error(
    `Key ${key.id}: ${key.role} ${key.user} of tenant ${key.tenant}, tier ${key.tier}. Nobody can show it again:`,
  );
  console.log(key.secret);
}

export async function listCommand(options: KeysOptions): Promise<void> {
  const keys = await withKeys<Key[]>(options, {
    server: async (client) => {
      const found: Key[] = [];
      for (let more = true; more; ) {
        const after = found.at(-1);
        const page = await client.call<KeyPage>(
          "GET",
          `/v1/keys?limit=100${after === undefined ? "" : `&after=${after.id}`}`,
        );
        found.push(...page.keys);
        more = page.more;
      }
      return found;
    },
    file: async (keys, tenant) => {
      const found: Key[] = [];
      for (
        let page = await keys.list(tenant);
        page.length > 0;
        page = await keys.list({ ...tenant, after: page.at(-1)?.id ?? "" })
      )
        found.push(...page.map((key) => inWireNames(key)));
      return found;
    },
  });
  if (options.json === true) return void console.log(JSON.stringify(keys));
  const rows = keys.map(({ id, role, user, tier, name, ...times }) => [
    id,
    role,
    user,
    tier,
    printable(name, { isTTY: true }),
    stateOf(times),
  ]);
  console.log(table(["id", "role", "user", "tier", "name", "state"], rows));
}

export async function revokeCommand(id: string, options: KeysOptions): Promise<void> {
  const key = await withKeys<Key>(options, {
    server: (client) => client.call("DELETE", `/v1/keys/${encodeURIComponent(id)}`),
    file: async (keys, { tenant }) => inWireNames(await keys.revoke(id, tenant)),
  });
  console.log(options.json === true ? JSON.stringify(key) : `Revoked ${key.id} (${key.role} ${key.user}).`);
}

/** Where the keys are: what to do with a server, and with the database. */
async function withKeys<Result>(
  { url, key, tenant, ...options }: KeysOptions,
  does: {
    server(client: Client): Promise<Result>;
    file(keys: ApiKeys, tenant: Pick<ApiKeyOptions, "tenant">): Promise<Result>;
  },
): Promise<Result> {
  if (url !== undefined) {
    if (tenant !== undefined) throw new UsageError("--tenant is for the database; a server takes the tenant of --key.");
    return does.server(new Client({ url, ...(key === undefined ? {} : { key }) }));
  }
  const { config } = await configurationOf(options);
  const store = storeOf(config.server);
  if (store === "memory")
    throw new UsageError("A store in memory has no keys; name a database, or a server with --url.");
  // The library, which nobody needs who asks a server.
  const { openApiKeys } = await import("../index.ts");
  await using keys = await openApiKeys(store);
  return await does.file(keys, tenant === undefined ? {} : { tenant });
}

function momentOf(text: string): number {
  const moment = Date.parse(text);
  if (!Number.isNaN(moment)) return moment;
  throw new UsageError(`--expires takes a date such as 2027-01-31 or 2027-01-31T12:00:00Z, not "${text}".`);
}

function stateOf({ revoked_at: revokedAt, expires_at: expiresAt }: Pick<Key, "revoked_at" | "expires_at">): string {
  if (revokedAt !== undefined) return `revoked ${day(revokedAt)}`;
  if (expiresAt === undefined) return "valid";
  return expiresAt <= Date.now() ? `expired ${day(expiresAt)}` : `until ${day(expiresAt)}`;
}

const day = (moment: number) => new Date(moment).toISOString().slice(0, 10);
