/**
 * A PostgreSQL server of one's own: a cluster in a temporary folder, which it leaves nothing of, reached by a socket in
 * that folder. It ends with this process at the latest.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import pg from "pg";

export interface PostgresServerOptions {
  /** Where the folder is made. Default: the system's folder for temporary files. */
  readonly place?: string;
  /** Settings of the server. What a process leaves in the system's cache is kept without `fsync`, also by SIGKILL. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Also listens on this port of 127.0.0.1. */
  readonly port?: number;
  /** New tables are on a disk of their own that has so much room, such as `24m`. Takes root. */
  readonly disk?: string;
}

const WITHOUT_SYNC = { fsync: "off" };

export class PostgresServer {
  readonly folder: string;
  readonly #options: PostgresServerOptions;
  #process: ChildProcess | undefined;

  /** The folder of the newest server's programs on this machine; undefined if there is none. */
  static programs(): string | undefined {
    const places = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    const found = globSync(places).filter((place) => existsSync(join(place, "initdb")));
    return found.sort((a, b) => versionIn(b) - versionIn(a))[0];
  }

  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const server = new PostgresServer(options);
    const words = [
      "--pgdata",
      server.#data,
      "--username",
      "postgres",
      "--auth-local",
      "trust",
      "--auth-host",
      "scram-sha-256",
      "--encoding",
      "UTF8",
    ];
    const made = spawnSync(...asUser("initdb", [...words, "--no-locale", "--no-sync"]), { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr || made.error?.message}`);
    await server.run();
    if (options.disk !== undefined) {
      await server.query(`CREATE TABLESPACE small LOCATION '${server.#disk}'`);
      await server.query("ALTER ROLE postgres SET default_tablespace = small");
    }
    return server;
  }

  private constructor(options: PostgresServerOptions) {
    this.#options = options;
    this.folder = mkdtempSync(join(options.place ?? tmpdir(), "persona-pg-"));
    if (isRoot) execFileSync("chown", ["postgres", this.folder]);
    if (options.disk !== undefined) mkdirSync(this.#disk);
    process.once("exit", this.#atExit);
  }

  /** The URL of a schema in its database `postgres`. */
  url(schema: string, words: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({ host: this.folder, port: this.#port, schema, ...words });
    return `postgres://postgres@/postgres?${query}`;
  }

  /** The same over TCP. */
  tcpUrl(schema: string, port = this.#options.port, user = "postgres"): string {
    return `postgres://${user}@127.0.0.1:${port}/postgres?schema=${schema}`;
  }

  /** Runs statements as the superuser, and gives the rows of the last one. */
  async query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({
      host: this.folder,
      port: Number(this.#port),
      user: "postgres",
      database: "postgres",
    });
    await client.connect();
    try {
      const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query<Row>(sql);
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Starts it again, after `stop` or `kill`. */
  async run(): Promise<void> {
    const settings = {
      ...WITHOUT_SYNC,
      listen_addresses: this.#options.port === undefined ? "" : "127.0.0.1",
      port: this.#port,
      unix_socket_directories: this.folder,
      log_min_messages: "fatal",
      ...this.#options.settings,
    };
    const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    for (let attempt = 0; ; attempt += 1) {
      const [command, rest] = asUser("postgres", ["-D", this.#data, ...words]);
      const all = [...this.#onDisk(), command, ...rest];
      const child = spawn(all[0] as string, all.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr?.on("data", (chunk) => {
        said = `${said}${chunk}`.slice(-4_000);
      });
      this.#process = child;
      while (child.exitCode === null && child.signalCode === null) {
        if (await this.query("SELECT 1").then(isTrue, isFalse)) return;
        await setTimeout(20);
      }
      // What a killed server has left behind may still be ending. What takes minutes hangs.
      if (attempt === 1_000) throw new Error(`postgres: ${said}`);
      await setTimeout(100);
    }
  }

  /** Ends it in order; `immediate`: as if the power had failed, but for the disk. */
  async stop(how: "fast" | "immediate" = "fast"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(this.#pid(), how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  }

  /** SIGKILL to all of its processes. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, "exit");
    const server = this.#pid();
    // The server itself first: it would start what is missing again.
    for (const pid of [server, ...childrenOf(server)]) signal(pid, "SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await ended;
  }

  /** Ends it, and removes its folder. */
  async close(): Promise<void> {
    await this.stop("immediate");
    process.off("exit", this.#atExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  get #disk(): string {
    return join(this.folder, "disk");
  }

  /** Only the server sees that disk, and it is gone with it. */
  #onDisk(): readonly string[] {
    const { disk } = this.#options;
    if (disk === undefined) return [];
    const mount = `mount -t tmpfs -o size=${disk},mode=700,uid=$(id -u postgres),gid=$(id -g postgres) none "$0"`;
    return ["unshare", "--mount", "sh", "-c", `${mount} && exec "$@"`, this.#disk];
  }

  /** Names the socket as well. */
  get #port(): string {
    return String(this.#options.port ?? 5432);
  }

  #pid(): number {
    return Number(readFileSync(join(this.#data, "postmaster.pid"), "utf8").split("\n")[0]);
  }

  readonly #atExit = () => {
    if (this.#process?.exitCode === null) this.#process.kill("SIGQUIT");
    rmSync(this.folder, { recursive: true, force: true });
  };
}

const isRoot = process.getuid?.() === 0;

/** The server refuses root, so root runs it as the user that its package has made; it ends with whoever started it. */
function asUser(program: string, words: readonly string[]): [command: string, words: string[]] {
  const file = join(PostgresServer.programs() ?? "", program);
  const user = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=QUIT"];
  return isRoot ? ["setpriv", [...user, file, ...words]] : [file, [...words]];
}

function childrenOf(parent: number): number[] {
  return globSync("/proc/[0-9]*/stat").flatMap((file) => {
    try {
      const [pid = "", rest = ""] = readFileSync(file, "utf8").split(/ \(.*\) /s);
      return Number(rest.split(" ")[1]) === parent ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

function versionIn(path: string): number {
  return Number(/\d+/.exec(path)?.[0] ?? 0);
}

const isTrue = () => true;
const isFalse = () => false;
