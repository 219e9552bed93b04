/** API keys: made, listed, revoked, and recognised when a caller shows one. */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { EventEmitter } from "node:events";
import * as z from "zod";
import { type Clock, systemClock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { parse } from "../faults.ts";
import { decodeId, encodeId, quoteId } from "../ids.ts";
import { openStore } from "../store/open.ts";
import type { ApiKeyRow, Store } from "../store/port.ts";
import type { ApiKey, ApiKeyOptions, ApiKeyPage, ApiKeys, NewApiKey, Role } from "../types.ts";
import { callerShape } from "./caller.ts";
import { pageSchema } from "./settings.ts";

export const apiKeyShape = {
  user: callerShape.user,
  role: callerShape.role,
  tier: callerShape.tier.optional(),
  name: z.string().trim().min(1, "must not be blank").max(128),
};

const optionsSchema = z.strictObject({ ...apiKeyShape, tenant: callerShape.tenant, expiresAt: z.int().optional() });
const listSchema = z.strictObject({ ...pageSchema.unwrap().shape, tenant: callerShape.tenant }).prefault({});

/** `pr_`, the id without its dashes, `_`, and 256 random bits in base64url. */
const SECRET = /^pr_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[\w-]{43}$/;
/** Keys that are recognised without the store. */
const MAX_CACHED = 10_000;
/** How exact `lastUsedAt` is. */
const TOUCH_MS = 3_600_000;

interface Known {
  readonly row: ApiKeyRow;
  readonly view: ApiKey;
  touchedAt: number;
}

/** People begin small; whoever runs programs and servers is not to stumble over a default. */
export function defaultTier(role: Role): string {
  return role === "user" ? "free" : "enterprise";
}

export class StoredApiKeys implements ApiKeys {
  readonly #store: Store;
  readonly #clock: Clock;
  /**
   * By hash, so that no picture of the memory shows a secret. What the store has changes only through this object, so none
   * of it is ever out of date.
   */
  readonly #known = new Map<string, Known>();
  /** Raised by each revocation, so that what was read before it is not believed after it. */
  #revocations = 0;
  /** Tells of revocations, by id. */
  readonly #revoked = new EventEmitter().setMaxListeners(0);

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async create(options: ApiKeyOptions): Promise<NewApiKey> {
    const { expiresAt, ...given } = parse(optionsSchema, options, "key");
    const now = this.#clock.now();
    if (expiresAt !== undefined && expiresAt <= now) {
      const fields = [{ field: "expiresAt", message: "must be in the future" }];
      throw new PersonaError("invalid_input", "The key is not valid. expiresAt: must be in the future", { fields });
    }
    const key = this.#store.allocate("api_key");
    const id = encodeId("api_key", key, this.#store.salt);
    const secret = `pr_${id.replaceAll("-", "")}_${randomBytes(32).toString("base64url")}`;
    const row: ApiKeyRow = {
      key,
      ...given,
      tier: given.tier ?? defaultTier(given.role),
      hash: hash("sha256", secret),
      createdAt: Math.floor(now),
      expiresAt: expiresAt ?? null,
      lastUsedAt: null,
      revokedAt: null,
    };
    await this.#store.addApiKey(row);
    return { ...this.#view(row), secret };
  }

  async list(page?: ApiKeyPage): Promise<readonly ApiKey[]> {
    const { tenant, after, limit } = parse(listSchema, page, "page");
    const rows = await this.#store.apiKeys({
      tenant,
      limit,
      ...(after === undefined ? {} : { after: this.#keyOf(after, "after") }),
    });
    return rows.map((row) => this.#view(row));
  }

  async revoke(id: string, tenant = "default"): Promise<ApiKey> {
    const named = decodeId(id, this.#store.salt);
    const row = named?.kind === "api_key" ? await this.#store.apiKey(named.key) : undefined;
    if (row?.tenant !== tenant) throw new PersonaError("key_not_found", `There is no API key ${quoteId(id)}.`);
    await this.#store.revokeApiKey(row.key, Math.floor(this.#clock.now()));
    this.#revocations += 1;
    this.#known.delete(row.hash);
    this.#revoked.emit(id);
    return this.#view((await this.#store.apiKey(row.key)) ?? row);
  }

  verify(secret: string): ApiKey | undefined | Promise<ApiKey | undefined> {
    const presented = hash("sha256", secret);
    const known = this.#known.get(presented);
    return known === undefined ? this.#find(secret, presented) : this.#use(known);
  }

  watch(id: string, revoked: () => void): () => void {
    this.#revoked.once(id, revoked);
    return () => this.#revoked.off(id, revoked);
  }

  async #find(secret: string, presented: string): Promise<ApiKey | undefined> {
    const id = SECRET.exec(secret)?.slice(1).join("-") ?? "";
    const named = decodeId(id, this.#store.salt);
    if (named?.kind !== "api_key") return undefined;
    const revocations = this.#revocations;
    const row = await this.#store.apiKey(named.key);
    if (revocations !== this.#revocations) return this.#find(secret, presented);
    if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(presented))) return undefined;
    const known: Known = { row, view: this.#view(row), touchedAt: row.lastUsedAt ?? 0 };
    if (row.revokedAt === null) this.#remember(presented, known);
    return this.#use(known);
  }

  #use(known: Known): ApiKey | undefined {
    const { key, expiresAt, revokedAt } = known.row;
    const now = this.#clock.now();
    if (revokedAt !== null || (expiresAt !== null && expiresAt <= now)) return undefined;
    if (now - known.touchedAt >= TOUCH_MS) {
      known.touchedAt = now;
      // Whether a key may be used does not depend on whether its use could be noted.
      this.#store.touchApiKey(key, Math.floor(now)).catch(() => {});
    }
    return known.view;
  }

  #remember(presented: string, known: Known): void {
    if (this.#known.size >= MAX_CACHED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(presented, known);
  }

  #keyOf(id: string, field: string): number {
    const named = decodeId(id, this.#store.salt);
    if (named?.kind === "api_key") return named.key;
    const fields = [{ field, message: "must be the id of an API key" }];
    throw new PersonaError("invalid_input", `${field}: must be the id of an API key`, { fields });
  }

  #view({ key, hash: _, expiresAt, lastUsedAt, revokedAt, ...row }: ApiKeyRow): ApiKey {
    return {
      id: encodeId("api_key", key, this.#store.salt),
      ...row,
      // Checked when it was made.
      role: row.role as ApiKey["role"],
      expiresAt: expiresAt ?? undefined,
      lastUsedAt: lastUsedAt ?? undefined,
      revokedAt: revokedAt ?? undefined,
    };
  }
}

/**
 * The keys in a database (a file, or a PostgreSQL URL) that no runtime has open, to make the first one: `store_locked` while a runtime owns it.
 * Close it when done.
 */
export async function openApiKeys(name: string, clock = systemClock()): Promise<ApiKeys & AsyncDisposable> {
  const store = await openStore(name, { clock });
  return Object.assign(new StoredApiKeys(store, clock), { [Symbol.asyncDispose]: () => store.close() });
}
