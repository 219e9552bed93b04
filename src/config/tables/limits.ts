/** The keys of limits: what callers may take of the server. */
import * as z from "zod";
import { limitOptionsSchema } from "../../http/limits.ts";
import { about } from "../about.ts";

const { requestsPerMinute, tiers, bodyBytes, maxEventLoopDelayMs } = limitOptionsSchema.shape;

const TIERS = Object.fromEntries(
  Object.entries(tiers.parse(undefined)).map(([name, tier]) => [
    name,
    { requests_per_minute: tier.requestsPerMinute, streams: tier.streams, voices: tier.voices },
  ]),
);

export const limitsTable = z
  .strictObject({
    requests_per_minute: requestsPerMinute.register(about, {
      description: "Requests of one address that does not say who it is",
    }),
    body_bytes: bodyBytes.register(about, {
      description:
        "The largest body of a request; entries of the catalogue, which administrators write, may have 32 MiB",
    }),
    max_event_loop_delay_ms: maxEventLoopDelayMs.register(about, {
      description: "Requests are refused while the event loop is later than this",
    }),
    tiers: z
      .record(
        tiers.unwrap().keyType,
        z.strictObject({
          requests_per_minute: requestsPerMinute.unwrap().register(about, {
            description: "Requests of each key or user of this tier; tiers that are given take the place of all others",
            example: 60,
          }),
          streams: tiers.unwrap().valueType.shape.streams.register(about, {
            description: "Event streams and sockets that each of them may have open at once",
          }),
          voices: tiers.unwrap().valueType.shape.voices.register(about, {
            description: "Of these, sockets that hear a voice; all callers together have 256",
          }),
        }),
      )
      .default(TIERS)
      .register(about, { description: "Tiers by name", example: "free" }),
  })
  .prefault({});
