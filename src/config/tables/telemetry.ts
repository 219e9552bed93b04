/** The keys of telemetry: the collector that traces and metrics are sent to. */
import * as z from "zod";
import { about } from "../about.ts";
import { headerName, notBlank } from "./texts.ts";

export const telemetryTable = z
  .strictObject({
    otlp_url: notBlank().exactOptional().register(about, {
      description: "Collector of OpenTelemetry that traces and metrics are sent to, by OTLP over HTTP",
      library: "url",
      example: "http://127.0.0.1:4318",
    }),
    capture_content: z.boolean().exactOptional().register(about, {
      description: "Whether traces contain what was said",
      example: false,
    }),
    service_name: notBlank().exactOptional().register(about, {
      description: "As what this server appears there",
      example: "persona-runtime",
    }),
    allow_private: z.boolean().exactOptional().register(about, {
      description: "Whether a collector that is not on this machine may be plain http and not public",
      example: false,
    }),
    headers: z
      .record(
        headerName(),
        z.string().register(about, {
          description: "Sent to the collector",
          secret: true,
          example: { env: "COLLECTOR_KEY" },
        }),
      )
      .exactOptional()
      .register(about, { description: "Headers by name", example: "x-api-key" }),
  })
  .prefault({});
