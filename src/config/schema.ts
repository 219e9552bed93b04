/** Every key of the configuration: where it stands, what is right for it, its default, and what it is for. */
import * as z from "zod";
import { optionsSchema } from "../runtime/settings.ts";

export interface About {
  /** One line, without a full stop at its end. */
  readonly description: string;
  /** A flag of its own, with the word that stands for its value: `--port PORT`. Every key has `--set KEY=VALUE`. */
  readonly flag?: string;
  /** Never shown; it may also be given as `{ env = "NAME" }` or `{ file = "PATH" }`. */
  readonly secret?: boolean;
  /** A file or folder: a relative one in a configuration file is meant from the folder of that file. */
  readonly path?: boolean;
  /** Words that `path` leaves as they are. */
  readonly words?: readonly string[];
  /** What the example file shows when there is no default; of a table with chosen names, the name. */
  readonly example?: unknown;
}

export const about = z.registry<About>();

const { maxTurnsInFlight, maxHops, seed } = optionsSchema.shape;

const notBlank = () => z.string().trim().min(1, "must not be blank");

/** The layout of the file, of the names in the environment, and of `--set`. */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: notBlank().default("127.0.0.1").register(about, {
        description: "Address to listen on; without authentication a loopback one",
        flag: "--host HOST",
      }),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(8787)
        .register(about, { description: "Port to listen on; 0 takes any free one", flag: "--port PORT" }),
      data: notBlank().default("data").register(about, {
        description: "Folder of the database persona-runtime.db; created if it is not there",
        flag: "--data FOLDER",
        path: true,
      }),
      store: notBlank()
        .optional()
        .register(about, {
          description: 'The database file itself instead of a folder; "memory" keeps nothing',
          flag: "--store FILE",
          path: true,
          words: ["memory"],
          example: "memory",
        }),
      cast: notBlank()
        .default("built-in")
        .register(about, {
          description:
            'Personas to enroll at the start, as JSON or TOML; "built-in" is a small cast of four, "none" nobody',
          flag: "--cast FILE",
          path: true,
          words: ["built-in", "none"],
        }),
      grace_ms: z.int().min(0).max(3_600_000).default(10_000).register(about, {
        description: "How long running turns may take after SIGINT or SIGTERM",
        flag: "--grace-ms MS",
      }),
      max_connections: z
        .int()
        .min(1)
        .max(65_535)
        .default(4_096)
        .register(about, { description: "Open connections; further ones are cut off at once" }),
    })
    .prefault({}),
  runtime: z
    .strictObject({
      max_turns_in_flight: maxTurnsInFlight.register(about, { description: "Turns at once over the whole fleet" }),
      max_hops: maxHops.register(about, { description: "The longest chain of replies to replies in a room" }),
      seed: seed
        .unwrap()
        .exactOptional()
        .register(about, { description: "For the jitter of back-offs; without one it is random", example: 7 }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
        .default("warn")
        .register(about, { description: "Least level of the JSON lines on stderr" }),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** Keys that stand for one another: given by a stronger source, one takes the place of the other. */
export const ALTERNATIVES: readonly (readonly [string, string])[] = [["server.data", "server.store"]];
