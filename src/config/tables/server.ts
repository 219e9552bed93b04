/** The keys of the server: where it listens, and where it keeps everything. */
import * as z from "zod";
import { proxiesSchema } from "../../http/proxies.ts";
import { shownStore } from "../../store/postgres/target.ts";
import { about } from "../about.ts";
import { notBlank } from "./texts.ts";

export const serverTable = z
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
        description: 'Instead of a folder the file itself, or postgres://…; "memory" keeps nothing',
        flag: "--store FILE",
        path: true,
        words: ["memory"],
        shown: shownStore,
        example: "memory",
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
    trust_proxy: proxiesSchema.register(about, {
      description: "Addresses or networks of proxies whose word is taken on who called them",
      example: ["10.0.0.0/8"],
    }),
  })
  .prefault({});
