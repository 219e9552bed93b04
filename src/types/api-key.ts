/** What a caller of the server may do: `user` sees its own, `service` acts for users, `admin` runs the tenant. */
export const ROLES = ["user", "service", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** An API key; the secret is not part of it. */
export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly user: string;
  readonly role: Role;
  /** How much its user may do, such as `free`. */
  readonly tier: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  /** To the hour. */
  readonly lastUsedAt: number | undefined;
  readonly revokedAt: number | undefined;
}

export interface NewApiKey extends ApiKey {
  /** `pr_…`: shown once, and known to nobody afterwards. */
  readonly secret: string;
}

export interface ApiKeyOptions {
  /** Default `default`. */
  readonly tenant?: string;
  /** Who uses it: 1..128 characters without blanks. */
  readonly user: string;
  /** Default `user`. */
  readonly role?: Role;
  /** Default `free` for a user, `enterprise` for the other roles. */
  readonly tier?: string;
  /** What it is for: 1..128 characters. */
  readonly name: string;
  readonly expiresAt?: number;
}

export interface ApiKeyPage {
  /** Default `default`. */
  readonly tenant?: string;
  /** Id of a key: only later ones. */
  readonly after?: string;
  /** 1..200, default 200. */
  readonly limit?: number;
}

/** What callers of the server identify themselves with. */
export interface ApiKeys {
  create(options: ApiKeyOptions): Promise<NewApiKey>;
  /** Oldest first, also those that expired or were revoked. */
  list(page?: ApiKeyPage): Promise<readonly ApiKey[]>;
  /** Takes effect before it resolves. Throws `key_not_found` if this tenant (default `default`) has no such key. */
  revoke(id: string, tenant?: string): Promise<ApiKey>;
  /** The key with this secret, unless it expired or was revoked. At once for one that was seen before. */
  verify(secret: string): ApiKey | undefined | Promise<ApiKey | undefined>;
  /** Calls `revoked` when the key with this id is revoked, unless the returned function is called before. */
  watch(id: string, revoked: () => void): () => void;
}
