import * as z from "zod";
import { wire } from "./registry.ts";

export const readinessSchema = z
  .object({
    ready: z.boolean(),
    checks: z.object({
      driver: z.enum(["ok", "failed"]),
      store: z.enum(["ok", "failed"]),
      accepting: z.enum(["ok", "closing"]),
      providers: z.enum(["ok", "degraded", "failed"]),
    }),
  })
  .register(wire, { id: "Readiness" });
