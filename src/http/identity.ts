import type { FastifyRequest } from "fastify";
import type { Clock } from "../clock.ts";
import type { Role, Runtime } from "../types.ts";

/** Who makes a request. */
export interface Identity {
  readonly tenant: string;
  readonly user: string;
  readonly role: Role;
  readonly tier: string;
  /** Id of the API key that says so, for limits and logs. */
  readonly key?: string;
  /** From then on it is nobody: a connection that lasts longer is to be closed. */
  readonly expiresAt?: number;
}

declare module "fastify" {
  interface FastifyRequest {
    /** On every route but public ones, where nobody is asked. */
    identity: Identity;
  }
}

/** Calls `ended` when the identity expires or its key is revoked, unless the returned function is called before. */
export function whileValid({ key, expiresAt }: Identity, { clock, runtime }: Ends, ended: () => void): () => void {
  const cancel = expiresAt === undefined ? () => {} : clock.at(expiresAt, ended);
  const leave = key === undefined ? () => {} : runtime.keys.watch(key, ended);
  return () => {
    cancel();
    leave();
  };
}

interface Ends {
  readonly clock: Clock;
  readonly runtime: Pick<Runtime, "keys">;
}

/** Finds out who makes a request: undefined is nobody, and what is wrong with the credentials is thrown. */
export type Identify = (request: FastifyRequest) => Identity | undefined | Promise<Identity | undefined>;

/** Of a server that listens on loopback only: whoever reaches it is the person at this machine. */
export const LOCAL: Identity = Object.freeze({ tenant: "default", user: "local", role: "admin", tier: "enterprise" });
