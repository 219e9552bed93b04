import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What becomes of the next requests of the connection that asks first. */
interface Plan {
  /** Requests that still pass. */
  left: number;
  /** Whether the last of them reaches the server before everything ends. */
  readonly arrives: boolean;
}

/** Stands between a client and the socket of a server, and fails as a network does. */
export class SocketProxy {
  /** Where its socket is, of the same name as the server's. */
  readonly folder = mkdtempSync(join(tmpdir(), "persona-proxy-"));
  /** How many requests have come. */
  requests = 0;
  /** How many connections were ended at once. */
  refused = 0;
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly server: Socket; hangs: boolean }>();
  #plan: Plan | undefined;
  #refuses = false;
  #mutedAfter: number | undefined;

  static async start(socket: string): Promise<SocketProxy> {
    const proxy = new SocketProxy(socket);
    await once(proxy.#server.listen(join(proxy.folder, ".s.PGSQL.5432")), "listening");
    return proxy;
  }

  private constructor(socket: string) {
    this.#server = createServer((client) => this.#join(client, connect(socket)));
  }

  /** Ends every connection. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** Cuts at the `count`th request from now: before the server hears it, or when it has answered. */
  cutAt(count: number, when: "before" | "answered"): void {
    this.#plan = { left: count, arrives: when === "answered" };
  }

  /** Nothing passes any more on the connections that there are, and nobody hears that they end. */
  hang(): void {
    for (const pair of this.#pairs) pair.hangs = true;
  }

  /** New connections fall silent after so many requests; none do without a number. */
  mute(requests: number | undefined): void {
    this.#mutedAfter = requests;
  }

  /** Whether new connections end at once. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    rmSync(this.folder, { recursive: true });
  }

  #join(client: Socket, server: Socket): void {
    const pair = { client, server, hangs: false };
    let cutsOnAnswer = false;
    let left = this.#mutedAfter ?? Number.POSITIVE_INFINITY;
    const end = () => {
      if (pair.hangs) return;
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("error", () => {}).on("close", end);
    this.#pairs.add(pair);
    if (this.#refuses) {
      this.refused += 1;
      end();
    }
    client.on("data", (request) => {
      if (pair.hangs || left <= 0) return;
      left -= 1;
      this.requests += 1;
      const plan = this.#plan;
      if (plan !== undefined) {
        plan.left -= 1;
        if (plan.left === 0) {
          this.#plan = undefined;
          if (!plan.arrives) end();
          cutsOnAnswer = true;
        }
      }
      if (!server.destroyed) server.write(request);
    });
    server.on("data", (answer) => {
      if (cutsOnAnswer) end();
      else if (!pair.hangs) client.write(answer);
    });
  }
}
